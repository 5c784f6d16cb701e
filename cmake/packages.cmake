# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packages for users, one for each version of Wireshark: a .deb that cpack makes, and the folder of a tarball, which
# cmake --install BUILD --component tarball --prefix FOLDER fills. scripts/package makes both.
#
# The same commit gives the same bytes: no path of this build is in the plugin, and what needs a date takes
# SOURCE_DATE_EPOCH from the environment.

string(TOLOWER "${CMAKE_SYSTEM_NAME}" PACKAGE_SYSTEM)
string(REPLACE darwin macos PACKAGE_SYSTEM "${PACKAGE_SYSTEM}")
set(PACKAGE_TXT "${CMAKE_BINARY_DIR}/package.txt")
set(PROOF_CAPTURE "${PROJECT_SOURCE_DIR}/captures/b2bua-x-call-id.pcap")
set(PROOF_EXPECTED "${PROJECT_SOURCE_DIR}/packaging/proof.expected")
set(PACKAGE_TARBALL
	"sip_redirect-${PROJECT_VERSION}-${PACKAGE_SYSTEM}-${CMAKE_SYSTEM_PROCESSOR}-wireshark-${PLUGIN_PATH_ID}")
file(WRITE "${PACKAGE_TXT}" "tarball=${PACKAGE_TARBALL}
plugin=${PROJECT_VERSION}
wireshark=${PLUGIN_PATH_ID}
system=${PACKAGE_SYSTEM}
machine=${CMAKE_SYSTEM_PROCESSOR}
")

# LTO compiles when it links.
set(_prefix_map "-ffile-prefix-map=${CMAKE_BINARY_DIR}=build" "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")
target_compile_options(sip_redirect PRIVATE ${_prefix_map})
target_link_options(sip_redirect PRIVATE ${_prefix_map})

# The proof that Wireshark loads the plugin.
install(PROGRAMS "${PROJECT_SOURCE_DIR}/scripts/troubleshoot" DESTINATION "${CMAKE_INSTALL_BINDIR}"
	RENAME sip-redirect-troubleshoot)
install(FILES "${PROJECT_SOURCE_DIR}/docs/sip-redirect-troubleshoot.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${PROOF_CAPTURE}" DESTINATION "${CMAKE_INSTALL_DATADIR}/sip_redirect" RENAME proof.pcap)
install(FILES "${PROOF_EXPECTED}" "${PACKAGE_TXT}" DESTINATION "${CMAKE_INSTALL_DATADIR}/sip_redirect")

# --- the tarball's folder -------------------------------------------------------------------------------------------------

function(tarball)
	install(${ARGN} COMPONENT tarball EXCLUDE_FROM_ALL)
endfunction()

tarball(TARGETS sip_redirect LIBRARY DESTINATION . NAMELINK_SKIP)
tarball(PROGRAMS "${PROJECT_SOURCE_DIR}/packaging/install.sh" "${PROJECT_SOURCE_DIR}/scripts/troubleshoot" DESTINATION .)
tarball(FILES "${PROJECT_SOURCE_DIR}/packaging/README" "${PACKAGE_TXT}" "${PROOF_EXPECTED}" "${PROJECT_SOURCE_DIR}/LICENSE"
	"${PROJECT_SOURCE_DIR}/CHANGELOG.md"
	"${PROJECT_SOURCE_DIR}/docs/why-not-followed.md" "${CMAKE_BINARY_DIR}/docs/sip_redirect.4" DESTINATION .)
tarball(FILES "${PROOF_CAPTURE}" DESTINATION . RENAME proof.pcap)
tarball(FILES ${PROFILE_SOURCES} DESTINATION profile)
# Last: the sums of all others.
configure_file("${PROJECT_SOURCE_DIR}/packaging/sums.cmake" "${CMAKE_BINARY_DIR}/sums.cmake" COPYONLY)
install(SCRIPT "${CMAKE_BINARY_DIR}/sums.cmake" COMPONENT tarball EXCLUDE_FROM_ALL)

# --- the .deb -----------------------------------------------------------------------------------------------------------------

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME wireshark-plugin-sip-redirect)
set(CPACK_PACKAGE_VENDOR "The SIP Redirect Analysis contributors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "explains SIP redirections and refusals in Wireshark")
set(CPACK_PACKAGE_DESCRIPTION "This plugin explains every SIP redirection (3xx) and global failure (6xx)
where it stands in a capture: what it means, what to do, and how it differs
from its neighbours. It follows chains of redirections through proxies, forks
and B2BUAs, and says how they ended. Everything is a field, to filter on, to
make columns of and to count.
.
It is for Wireshark ${PLUGIN_PATH_ID}. The program sip-redirect-troubleshoot says whether
Wireshark has loaded it, and if not, why.")
# Wireshark looks for plugins and profiles below its own prefix, whatever this build is installed under.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX "${Wireshark_PREFIX}")
set(CPACK_STRIP_FILES ON)
set(CPACK_OUTPUT_FILE_PREFIX "${CMAKE_BINARY_DIR}/packages")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
	OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# Packages of a later Wireshark are later packages: a system that is upgraded takes them.
set(CPACK_DEBIAN_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_DEBIAN_PACKAGE_RELEASE "1+wireshark${PLUGIN_PATH_ID}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# libwireshark's package has another name with each version of Wireshark: no other version's can be installed beside it.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "wireshark | tshark")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# Whoever gives packages to others names themselves, by the variables that Debian's tools read.
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The SIP Redirect Analysis contributors <sip-redirect@invalid.invalid>")
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
	set(CPACK_DEBIAN_PACKAGE_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
# What only Debian wants.
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/packaging/debian.cmake")
set(CPACK_PROJECT_CONFIG_FILE "${CMAKE_BINARY_DIR}/package-config.cmake")
file(WRITE "${CPACK_PROJECT_CONFIG_FILE}" "set(PACKAGING_DIR \"${PROJECT_SOURCE_DIR}/packaging\")\n")
include(CPack)
