/* fcgi-null.c - the floor of the bench: a FastCGI program that answers at once.  What remains
 * is the web server, libfcgi and the sockets between them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/shape.h"

int main(void)
{
    FCGX_Request request;

    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        shape_read_body(&request);
        shape_answer(&request, shape_ok, sizeof shape_ok - 1);
    }
    return 0;
}
