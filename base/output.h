/* output.h - what a program prints for its caller, on standard output.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_OUTPUT_H
#define BASE_OUTPUT_H

/* For atexit(3): what was printed and cannot be written, on a full disk, is no success.  Standard
 * error says why then, and the program's status is EXIT_FAILURE. */
void output_end(void);

#endif
