# SPDX-License-Identifier: GPL-2.0-or-later
#
# The plugin once more, with small limits of what -z sip_redirect,ladder keeps, for tests/ladder/test_limits.py.

add_library(sip_redirect_ladder_limits MODULE
	"${PLUGIN_SOURCE_DIR}/redirect-stats-ladder.c"
	"$<FILTER:$<TARGET_OBJECTS:sip_redirect>,EXCLUDE,redirect-stats-ladder>"
)
target_compile_definitions(sip_redirect_ladder_limits PRIVATE
	LADDER_MAX_MESSAGES=64 LADDER_MAX_TEXTS=32 LADDER_MAX_ELEMENTS=4 LADDER_MAX_FIGURES=5)
target_include_directories(sip_redirect_ladder_limits PRIVATE "${PLUGIN_SOURCE_DIR}")
target_compile_options(sip_redirect_ladder_limits PRIVATE ${WERROR_COMMON_FLAGS})
target_link_libraries(sip_redirect_ladder_limits PRIVATE epan)
set_target_properties(sip_redirect_ladder_limits PROPERTIES
	PREFIX ""
	OUTPUT_NAME sip_redirect
	LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/ladder-limits-plugins/${PLUGIN_PATH_ID}/epan"
)
