# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run by cmake --install of the tarball's folder, last: writes SHA256SUMS.

set(_folder "${CMAKE_INSTALL_PREFIX}")
file(GLOB_RECURSE _files LIST_DIRECTORIES OFF RELATIVE "${_folder}" "${_folder}/*")
list(REMOVE_ITEM _files SHA256SUMS)
list(SORT _files)
set(_sums "")
foreach(_file IN LISTS _files)
	file(SHA256 "${_folder}/${_file}" _sum)
	string(APPEND _sums "${_sum}  ${_file}\n")
endforeach()
file(WRITE "${_folder}/SHA256SUMS" "${_sums}")
