/*
 * plugin.h - libraries that are opened at first use, so that a host that needs no files loads no
 * HDF5.
 *
 * A plugin does not link liblacuna: it gets a versioned table of host services and gives one of
 * functions back, through one entry point. Once opened it stays.
 */
#ifndef LAC_CORE_PLUGIN_H
#define LAC_CORE_PLUGIN_H

#include "core/plugin_io.h"

/** Opens the shared library `name`, beside liblacuna or where `variable` of the environment says,
 * and looks `symbol` up in it. UNSUPPORTED names what is missing; `purpose` says what for. Not
 * locked. */
lac_status lac__plugin_open(const char *name, const char *variable, const char *symbol,
                            const char *purpose, void **out);

/** The table of liblacuna_io, opened by the first call. Any thread. */
lac_status lac__plugin_io(const lac__io **out);

#endif
