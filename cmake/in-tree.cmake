# SPDX-License-Identifier: GPL-2.0-or-later
#
# cmake --build BUILD --target in-tree         builds plugin/ inside Debian's Wireshark source, loads and tests it
# cmake --build BUILD --target check-in-tree   runs the checkers of that source on plugin/
#
# Both fetch that source (47 MB), so no other target and no test starts them. scripts/build-in-tree --help says more.

foreach(_kind IN ITEMS in-tree check-in-tree)
	set(_option "")
	if(_kind STREQUAL "check-in-tree")
		set(_option --check)
	endif()
	add_custom_target(${_kind}
		COMMAND ${CMAKE_COMMAND} -E env "BUILD_DIR=${CMAKE_BINARY_DIR}"
			"${PROJECT_SOURCE_DIR}/scripts/build-in-tree" ${_option}
		USES_TERMINAL
		VERBATIM
	)
endforeach()
