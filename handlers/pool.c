/* pool.c - /lb/NAME: the servers of a pool, the best of them, and the place of a key among them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/pool.h"

#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "handlers/admit.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"

static enum status run(struct exchange *exchange)
{
    return exchange_run(exchange);
}

/* --- choosing ------------------------------------------------------------------------------ */

/* Did the client send a form, and none of its fields arrived? */
static enum status check_form(struct exchange *exchange, const struct pool_choice *choice,
                              int wishes)
{
    if (!choice->charges || wishes > 0 || request_is_bare(&exchange->request))
        return STATUS_OK;
    return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                  "an empty form; to charge the best server by 1, send no body and no "
                  "Content-Type, or say cost=1");
}

static enum status read_wishes(struct exchange *exchange, struct pool_choice *choice)
{
    static const char *const names[] = {"replicas", "spread", "key", "bound", "cost"};
    enum status status = STATUS_OK;
    int wishes = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && status == STATUS_OK; i++) {
        const struct field *field = form_find(&exchange->request.form, names[i]);

        if (!field)
            continue;
        wishes++;
        status =
            pool_choice_set(choice, names[i], field->value, field->value_len, &exchange->reason);
    }
    return status == STATUS_OK ? check_form(exchange, choice, wishes) : status;
}

static enum status choose(struct exchange *exchange, bool charges)
{
    struct pool_choice choice = {
        .pool = exchange->queue,
        .rings = exchange->rings,
        .charges = charges,
    };
    enum status status = read_wishes(exchange, &choice);
    struct json_object *answer;

    if (status == STATUS_OK)
        status = pool_choose_call(&exchange->call, &choice, &exchange->reason);
    if (status == STATUS_OK)
        status = run(exchange);
    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    pool_choice_to_json(&choice, answer);
    return answer_json(exchange, answer);
}

enum status pool_get(struct exchange *exchange)
{
    return choose(exchange, false);
}

enum status pool_post(struct exchange *exchange)
{
    return choose(exchange, true);
}

/* --- what is in it ------------------------------------------------------------------------- */

enum status pool_list(struct exchange *exchange)
{
    const struct field *list = form_find(&exchange->request.form, "list");
    struct json_object *rows, *answer;
    enum status status;

    if (!text_is(list->value, list->value_len, "1"))
        return refuse(&exchange->reason, STATUS_BAD_VALUE, "list must be 1");
    pool_list_call(&exchange->call, exchange->queue, &rows);
    status = run(exchange);
    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    json_object_object_add(answer, "pool", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "rows", rows);
    return answer_json(exchange, answer);
}

enum status pool_put(struct exchange *exchange)
{
    static const char *const names[] = {"server", "row", "score", "incr", "add"};
    struct pool_update update = {.pool = exchange->queue};
    struct json_object *answer;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && status == STATUS_OK; i++) {
        const struct field *field = form_find(&exchange->request.form, names[i]);

        if (field)
            status = pool_update_set(&update, names[i], field->value, field->value_len,
                                     &exchange->reason);
    }
    if (status == STATUS_OK)
        status = pool_update_call(&exchange->call, &update, &exchange->reason);
    if (status == STATUS_OK)
        status = run(exchange);
    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    pool_update_to_json(&update, answer);
    return answer_json(exchange, answer);
}

/* What would have been the removal of one server, had its name not got lost, must not remove all.
 */
static enum status check_removal(struct exchange *exchange)
{
    const struct request *request = &exchange->request;

    if (request_is_bare(request) && request_lost_query(request))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no option server: did it get lost? to remove the pool, send no query "
                      "string, or say all=1");
    if (!request_is_bare(request))
        return refuse(&exchange->reason, STATUS_BAD_REQUEST,
                      "no option server; to remove the pool, send no body and no Content-Type, or "
                      "say all=1");
    return STATUS_OK;
}

static enum status check_delete(struct exchange *exchange, const struct field *server)
{
    bool is_all = option_is_given(exchange, "all");
    long long yes;
    enum status status = option_number(exchange, "all", 1, 1, 1, &yes);

    if (status != STATUS_OK)
        return status;
    if (server && is_all)
        return refuse(&exchange->reason, STATUS_BAD_REQUEST, "all does not go with server");
    if (server)
        return pool_server_check(server->value, server->value_len, &exchange->reason);
    return is_all ? STATUS_OK : check_removal(exchange);
}

enum status pool_delete(struct exchange *exchange)
{
    const struct field *server = form_find(&exchange->request.form, "server");
    struct json_object *answer;
    long long removed = 0;
    enum status status = check_delete(exchange, server);

    if (status != STATUS_OK)
        return status;
    pool_remove_call(&exchange->call, exchange->queue, server ? server->value : NULL, &removed);
    status = run(exchange);
    if (status != STATUS_OK)
        return status;
    admit_done(exchange, "remove pool %s, %lld server%s", exchange->queue, removed,
               text_plural(removed));
    answer = json_object_new_object();
    pool_removed_to_json(exchange->queue, server ? server->value : NULL, removed, answer);
    return answer_json(exchange, answer);
}
