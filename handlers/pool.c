/* pool.c - /lb/NAME: the servers of a pool, the best of them, and the place of a key among them.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "broker/pool.h"
#include "broker/pool_choice.h"

#include <json-c/json.h>
#include <string.h>

#include "base/text.h"
#include "handlers/admit.h"
#include "handlers/exchange.h"
#include "handlers/handlers.h"

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

static enum status finish_choice(struct exchange *exchange, enum status status)
{
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    pool_choice_to_json(exchange->state, answer);
    return answer_json(exchange, answer);
}

static enum status choose(struct exchange *exchange, bool charges)
{
    struct pool_choice *choice = exchange_state(exchange, sizeof(*choice), NULL);
    enum status status;

    choice->pool = exchange->queue;
    choice->rings = exchange->service->rings;
    choice->charges = charges;
    status = read_wishes(exchange, choice);
    if (status == STATUS_OK)
        status = pool_choose_call(&exchange->call, choice, &exchange->reason);
    return status == STATUS_OK ? exchange_await(exchange, finish_choice) : status;
}

enum status get_pool(struct exchange *exchange)
{
    return choose(exchange, false);
}

enum status post_pool(struct exchange *exchange)
{
    return choose(exchange, true);
}

/* --- what is in it ------------------------------------------------------------------------- */

static void clear_rows(void *state)
{
    struct json_object **rows = state;

    json_object_put(*rows);
}

static enum status finish_list(struct exchange *exchange, enum status status)
{
    struct json_object *const *rows = exchange->state;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    json_object_object_add(answer, "pool", json_object_new_string(exchange->queue));
    json_object_object_add(answer, "rows", json_object_get(*rows));
    return answer_json(exchange, answer);
}

enum status get_pool_list(struct exchange *exchange)
{
    const struct field *list = form_find(&exchange->request.form, "list");
    struct json_object **rows = exchange_state(exchange, sizeof(*rows), clear_rows);

    if (!text_is(list->value, list->value_len, "1"))
        return refuse(&exchange->reason, STATUS_BAD_VALUE, "list must be 1");
    pool_list_call(&exchange->call, exchange->queue, rows);
    return exchange_await(exchange, finish_list);
}

static enum status finish_update(struct exchange *exchange, enum status status)
{
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    answer = json_object_new_object();
    pool_update_to_json(exchange->state, answer);
    return answer_json(exchange, answer);
}

enum status put_pool(struct exchange *exchange)
{
    static const char *const names[] = {"server", "row", "score", "incr", "add"};
    struct pool_update *update = exchange_state(exchange, sizeof(*update), NULL);
    enum status status = STATUS_OK;

    update->pool = exchange->queue;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && status == STATUS_OK; i++) {
        const struct field *field = form_find(&exchange->request.form, names[i]);

        if (field)
            status = pool_update_set(update, names[i], field->value, field->value_len,
                                     &exchange->reason);
    }
    if (status == STATUS_OK)
        status = pool_update_call(&exchange->call, update, &exchange->reason);
    return status == STATUS_OK ? exchange_await(exchange, finish_update) : status;
}

/* A request to remove one server whose name got lost must not remove the whole pool.
 * */
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

/* A removal under way. */
struct pool_removal_state {
    const char *server; /* NULL: the pool */
    long long removed;
};

static enum status finish_removal(struct exchange *exchange, enum status status)
{
    const struct pool_removal_state *removing = exchange->state;
    struct json_object *answer;

    if (status != STATUS_OK)
        return status;
    admit_done(exchange, "remove pool %s, %lld server%s", exchange->queue, removing->removed,
               text_plural(removing->removed));
    answer = json_object_new_object();
    pool_removed_to_json(exchange->queue, removing->server, removing->removed, answer);
    return answer_json(exchange, answer);
}

enum status delete_pool(struct exchange *exchange)
{
    const struct field *server = form_find(&exchange->request.form, "server");
    struct pool_removal_state *removing = exchange_state(exchange, sizeof(*removing), NULL);
    enum status status = check_delete(exchange, server);

    if (status != STATUS_OK)
        return status;
    removing->server = server ? server->value : NULL;
    pool_remove_call(&exchange->call, exchange->queue, removing->server, &removing->removed);
    return exchange_await(exchange, finish_removal);
}
