/* date.c - the time as HTTP writes it.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "http/date.h"

const char *date_text(time_t now)
{
    static char text[DATE_LEN + 1];
    static time_t written;
    struct tm tm;

    if (now == written && *text)
        return text;
    if (!gmtime_r(&now, &tm) || !strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm))
        *text = '\0';
    written = now;
    return text;
}
