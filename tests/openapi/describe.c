/* describe.c - prints openapi.json, as restmq.fcgi answers it where there is no prefix: for `make`.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "base/buffer.h"
#include "handlers/openapi.h"

int main(void)
{
    struct buffer text = {0};
    int failed;

    openapi_describe("", &text);
    buffer_add_text(&text, "\n");
    failed = fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout) != 0;
    buffer_clear(&text);
    return failed;
}
