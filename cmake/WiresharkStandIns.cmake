# SPDX-License-Identifier: GPL-2.0-or-later
#
# What Wireshark's top-level CMakeLists.txt has ready before it enters a plugin folder. The macros that it gets by
# include(WiresharkPlugin) are in WiresharkPlugin.cmake beside this file.

# Tests point WIRESHARK_PLUGIN_DIR at the folder above the version's.
set(SIP_REDIRECT_PLUGIN_DIR "${CMAKE_BINARY_DIR}/wireshark-plugins")
set(PLUGIN_PATH_ID "${Wireshark_VERSION_MAJOR}.${Wireshark_VERSION_MINOR}")
set(PLUGIN_DIR "${SIP_REDIRECT_PLUGIN_DIR}/${PLUGIN_PATH_ID}")
set(PLUGIN_INSTALL_VERSION_LIBDIR "${Wireshark_PLUGIN_DIR}" CACHE PATH
	"Where cmake --install puts the plugin (into the subfolder epan)")

add_custom_target(plugins)

# The warnings that Wireshark turns on for C, and a few that its checkers would find later.
add_compile_options(
	-Wall -Wextra -Wendif-labels -Wpointer-arith -Wformat-security -Wvla -Waddress -Wattributes -Wdiv-by-zero
	-Wignored-qualifiers -Wredundant-decls -Wunused-const-variable -Wshadow -Wold-style-definition
	-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wundef -Werror=implicit
	"$<$<C_COMPILER_ID:GNU>:-Wlogical-op;-Wduplicated-branches;-Wjump-misses-init>"
	"$<$<C_COMPILER_ID:Clang,AppleClang>:-Wshorten-64-to-32;-Wcomma;-Wheader-guard;-Wdocumentation>"
)
set(WERROR_COMMON_FLAGS "")
if(SIP_REDIRECT_WERROR)
	set(WERROR_COMMON_FLAGS "-Werror")
endif()
if(NOT APPLE)
	# A plugin that lacks a symbol fails here, not when Wireshark starts.
	set(WS_LINK_FLAGS "-Wl,--as-needed -Wl,--no-undefined")
endif()

# Wireshark's sources begin with this file; a plugin needs little of it.
configure_file("${CMAKE_CURRENT_LIST_DIR}/config.h.in" "${CMAKE_BINARY_DIR}/generated/config.h" @ONLY)
include_directories("${CMAKE_BINARY_DIR}/generated")
