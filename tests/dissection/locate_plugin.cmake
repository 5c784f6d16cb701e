# SPDX-License-Identifier: GPL-2.0-or-later
#
# test_locate.py's own plugin, in a plugin folder of its own: no other test may load it.

file(GLOB locate_sources CONFIGURE_DEPENDS "${PLUGIN_SOURCE_DIR}/redirect-locate*.c")
add_library(sip_redirect_locate_test MODULE
	"${CMAKE_CURRENT_LIST_DIR}/locate_plugin.c"
	${locate_sources}
	"${PLUGIN_SOURCE_DIR}/redirect-text.c"
	"${PLUGIN_SOURCE_DIR}/sip-address.c"
	"${PLUGIN_SOURCE_DIR}/sip-host.c"
	"${PLUGIN_SOURCE_DIR}/sip-message.c"
	"${PLUGIN_SOURCE_DIR}/sip-param.c"
	"${PLUGIN_SOURCE_DIR}/sip-uri.c"
	"${PLUGIN_SOURCE_DIR}/sip-uri-compare.c"
)
target_include_directories(sip_redirect_locate_test PRIVATE "${PLUGIN_SOURCE_DIR}")
# As with a Wireshark that does not install packet-sip.h: what the plugin has in its place is tried on all captures.
target_compile_definitions(sip_redirect_locate_test PRIVATE REDIRECT_WITHOUT_PACKET_SIP_H)
target_compile_options(sip_redirect_locate_test PRIVATE ${WERROR_COMMON_FLAGS})
target_link_libraries(sip_redirect_locate_test epan)
set_target_properties(sip_redirect_locate_test PROPERTIES
	PREFIX ""
	LINK_FLAGS "${WS_LINK_FLAGS}"
	LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/locate-plugins/${PLUGIN_PATH_ID}/epan"
)
