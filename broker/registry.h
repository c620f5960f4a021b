/* registry.h - the list of all queues, where it has another slot than the queues (keys_use_tags()):
 * then calls that make a queue, or remove one, have others before or behind them.  So have those of
 * a pool, whose list always has another slot.
 *
 * A queue is listed before its first message is there, so that no crash leaves messages that nobody
 * finds.  A process that has just listed a queue does not do it again for some time, see known.h;
 * if somebody removes the queue meanwhile, the next push notices.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef BROKER_REGISTRY_H
#define BROKER_REGISTRY_H

struct call;

/* To be said once the call was begun; without tags nothing follows from it.  The call's owner is
 * the queue. */
void registry_adds(struct call *call);      /* a push: the queue is listed */
void registry_adds_dead(struct call *call); /* its dead letters are */
void registry_removes(struct call *call); /* both are not any more, once the call has removed it */
void registry_removes_dead(struct call *call); /* the dead letters are not */

/* The same with or without tags, and the call's owner is a pool: it may get a server, and is
 * listed; or it may have lost the last one, and is not listed then. */
void registry_adds_pool(struct call *call);
void registry_removes_pool(struct call *call);

#endif
