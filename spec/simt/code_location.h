/*
 * code_location.h - addresses of the module that holds the kernels, and their source lines.
 */
#ifndef SIMT_CODE_LOCATION_H
#define SIMT_CODE_LOCATION_H

#include <string>

#pragma GCC visibility push(hidden)
namespace simt {

/* An address of code as a number that fits a record. */
unsigned code_offset(const void *code);
/* "function at file:line" of it, as far as addr2line knows. */
std::string code_location(unsigned offset);

bool in_module(const void *p);
/* Variables: static shared memory is among them. */
bool in_module_data(const void *p);

} // namespace simt
#pragma GCC visibility pop

#endif
