/*
 * sanitizer.h - what the engine tells AddressSanitizer, nothing without it.
 */
#ifndef SIMT_SANITIZER_H
#define SIMT_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__)
#define SIMT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIMT_ASAN 1
#endif
#endif

#ifdef SIMT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define SIMT_POISON(p, bytes) ASAN_POISON_MEMORY_REGION(p, bytes)
#define SIMT_UNPOISON(p, bytes) ASAN_UNPOISON_MEMORY_REGION(p, bytes)
#else
#define SIMT_ASAN 0
#define SIMT_POISON(p, bytes) ((void)(p), (void)(bytes))
#define SIMT_UNPOISON(p, bytes) ((void)(p), (void)(bytes))
#endif

#endif
