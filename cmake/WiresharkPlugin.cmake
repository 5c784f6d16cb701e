# SPDX-License-Identifier: GPL-2.0-or-later
#
# Stand-ins, under the same names, for the macros that plugin/CMakeLists.txt uses and that a Wireshark source tree
# defines in cmake/modules (WiresharkPlugin.cmake, UseMakePluginReg.cmake, UseCheckAPI.cmake). Inside such a tree this
# file is not on the module path.

# Name and version of the plugin.
macro(SET_MODULE_INFO _plugin _ver_major _ver_minor _ver_micro _ver_extra)
	set(PLUGIN_VERSION "${_ver_major}.${_ver_minor}.${_ver_micro}")
	add_definitions(-DPLUGIN_VERSION=\"${PLUGIN_VERSION}\")
endmacro()

# Writes _outputfile, which registers every proto_register_*() and proto_reg_handoff_*() that the sources define.
function(REGISTER_PLUGIN_FILES _outputfile _registertype)
	set(_prototypes "")
	set(_registrations "")
	set(_handoffs "")
	foreach(_source IN LISTS ARGN)
		set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${_source}")
		file(STRINGS "${_source}" _lines REGEX "^(void +)?proto_reg(ister|_handoff)_[a-z0-9_]+\\(void\\)[ {]*$")
		foreach(_line IN LISTS _lines)
			if(_line MATCHES "proto_reg_handoff_([a-z0-9_]+)")
				list(APPEND _handoffs "${CMAKE_MATCH_1}")
			elseif(_line MATCHES "proto_register_([a-z0-9_]+)")
				list(APPEND _protocols "${CMAKE_MATCH_1}")
			endif()
		endforeach()
	endforeach()
	if(NOT _protocols)
		message(FATAL_ERROR "No proto_register_*(void) found in ${ARGN}")
	endif()
	foreach(_name IN LISTS _protocols)
		string(APPEND _prototypes "void proto_register_${_name}(void);\n")
		set(_handoff "NULL")
		if(_name IN_LIST _handoffs)
			string(APPEND _prototypes "void proto_reg_handoff_${_name}(void);\n")
			set(_handoff "proto_reg_handoff_${_name}")
		endif()
		string(APPEND _registrations
			"    static proto_plugin plug_${_name} = {proto_register_${_name}, ${_handoff}};\n\n"
			"    proto_register_plugin(&plug_${_name});\n"
		)
	endforeach()
	set(PLUGIN_PROTOTYPES "${_prototypes}")
	set(PLUGIN_REGISTRATIONS "${_registrations}")
	configure_file("${PROJECT_SOURCE_DIR}/cmake/plugin.c.in" "${CMAKE_CURRENT_BINARY_DIR}/${_outputfile}" @ONLY)
endfunction()

macro(ADD_WIRESHARK_PLUGIN_LIBRARY _plugin _subfolder)
	add_library(${_plugin} MODULE ${PLUGIN_FILES})
	target_include_directories(${_plugin} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
	set_target_properties(${_plugin} PROPERTIES
		PREFIX ""
		LINK_FLAGS "${WS_LINK_FLAGS}"
		LIBRARY_OUTPUT_DIRECTORY "${PLUGIN_DIR}/${_subfolder}"
		INSTALL_RPATH ""
	)
	add_dependencies(plugins ${_plugin})
endmacro()

macro(INSTALL_PLUGIN _plugin _subfolder)
	install(TARGETS ${_plugin} LIBRARY DESTINATION "${PLUGIN_INSTALL_VERSION_LIBDIR}/${_subfolder}" NAMELINK_SKIP)
endmacro()

# In a Wireshark tree: targets that run its checkAPIs.pl. Here the test lint/wireshark runs all of a tree's checkers
# (tests/lint/wireshark_checkers.py).
function(CHECKAPI)
endfunction()
