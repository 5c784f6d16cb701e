# SPDX-License-Identifier: GPL-2.0-or-later
#
# Finds an installed Wireshark by pkg-config. (Wireshark's own WiresharkConfig.cmake is in no Debian package.)
#
# Gives the targets that Wireshark's tree has, epan and wsutil, so that plugin/CMakeLists.txt can name them, and
#   Wireshark_VERSION, Wireshark_VERSION_MAJOR, Wireshark_VERSION_MINOR
#   Wireshark_PLUGIN_DIR   where this Wireshark looks for plugins; they go into its subfolder epan
#   Wireshark_PREFIX       the prefix it is installed under

find_package(PkgConfig REQUIRED)
pkg_check_modules(PC_WIRESHARK IMPORTED_TARGET GLOBAL wireshark)
pkg_check_modules(GLIB IMPORTED_TARGET GLOBAL glib-2.0)

if(PC_WIRESHARK_FOUND)
	set(Wireshark_VERSION "${PC_WIRESHARK_VERSION}")
	string(REGEX MATCH "^([0-9]+)\\.([0-9]+)" _ "${Wireshark_VERSION}")
	set(Wireshark_VERSION_MAJOR "${CMAKE_MATCH_1}")
	set(Wireshark_VERSION_MINOR "${CMAKE_MATCH_2}")
	pkg_get_variable(Wireshark_PLUGIN_DIR wireshark plugindir)
	pkg_get_variable(Wireshark_PREFIX wireshark prefix)
	find_library(Wireshark_WSUTIL_LIBRARY wsutil HINTS ${PC_WIRESHARK_LIBRARY_DIRS} ${PC_WIRESHARK_LIBDIR})
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Wireshark
	REQUIRED_VARS PC_WIRESHARK_FOUND GLIB_FOUND Wireshark_PLUGIN_DIR Wireshark_WSUTIL_LIBRARY
	VERSION_VAR Wireshark_VERSION
	REASON_FAILURE_MESSAGE "Debian: apt install libwireshark-dev libglib2.0-dev pkgconf"
)

if(Wireshark_FOUND AND NOT TARGET epan)
	# gmodule's flags ask for -Wl,--export-dynamic, which is for programs; the rest of the module list is needed.
	add_library(wsutil INTERFACE IMPORTED GLOBAL)
	set_target_properties(wsutil PROPERTIES
		INTERFACE_INCLUDE_DIRECTORIES "${PC_WIRESHARK_INCLUDE_DIRS}"
		INTERFACE_LINK_LIBRARIES "${Wireshark_WSUTIL_LIBRARY};PkgConfig::GLIB"
	)
	add_library(epan INTERFACE IMPORTED GLOBAL)
	set_target_properties(epan PROPERTIES
		INTERFACE_LINK_LIBRARIES "PkgConfig::PC_WIRESHARK;wsutil"
	)
endif()

mark_as_advanced(Wireshark_WSUTIL_LIBRARY)
