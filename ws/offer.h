/* offer.h - what is served at which address.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef WS_OFFER_H
#define WS_OFFER_H

struct access;

/* For --check-config: prints a line "at ADDRESS = what" for each address of the settings, and warns
 * on standard error where passwords or keys may come without encryption from other machines. */
void offer_print(const struct access *access);

#endif
