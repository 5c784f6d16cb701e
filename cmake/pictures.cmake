# SPDX-License-Identifier: GPL-2.0-or-later
#
# cmake --build BUILD --target pictures: takes the pictures of docs/pictures again, with the plugin of this build. Not
# part of any other target: look at the pictures before you commit them.

add_custom_target(pictures
	COMMAND ${CMAKE_COMMAND} -E env "BUILD_DIR=${CMAKE_BINARY_DIR}" "PLUGIN_DIR=${SIP_REDIRECT_PLUGIN_DIR}"
		"SOURCE_DIR=${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/scripts/pictures"
	DEPENDS sip_redirect
	USES_TERMINAL
	VERBATIM
)
