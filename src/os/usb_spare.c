/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread makes one thing and ends. It and the owner share the struct; the one that is left last frees
 * it.
 */
#define _POSIX_C_SOURCE 200809L /* for threads */

#include "os/usb_spare.h"

#include "base/alloc.h"
#include "os/clock.h"
#include "os/usb_thread.h"

enum {
    LOOK_US = 2000, /* between two looks of one who waits for it */
    /* The owner's end waits so long for the thread, so as to leave nothing behind. */
    LEAVE_US = 500000,
};

struct fettle_usb_spare {
    const fettle_usb_spare_ops *ops;
    fettle_usb_lock lock;
    fettle_usb_task task;
    void *thing; /* NULL: none at hand */
    bool is_making;
    bool is_abandoned; /* by its owner, while one is made */
    int code;          /* why the last one was not made; 0 if it was */
    fettle_us cost;
};

static fettle_us now(void)
{
    return fettle_os_clock()->now(NULL);
}

static void destroy(fettle_usb_spare *spare)
{
    if (spare->thing != NULL) {
        spare->ops->unmake(spare->thing);
    }
    fettle_usb_lock_finish(&spare->lock);
    fettle_free(spare);
}

/* True: it is the one at hand now. False: there is one already, or it couldn't be made. */
static bool keep(fettle_usb_spare *spare, void *thing, int code, fettle_us cost)
{
    fettle_usb_lock_take(&spare->lock);
    bool is_kept = thing != NULL && spare->thing == NULL;
    spare->thing = is_kept ? thing : spare->thing;
    spare->code = thing == NULL ? code : 0;
    spare->cost = cost;
    fettle_usb_lock_release(&spare->lock);
    return is_kept;
}

/* True: its owner has left it to this thread. Nothing of it may be touched any more if it is false. */
static bool end_making(fettle_usb_spare *spare)
{
    fettle_usb_lock_take(&spare->lock);
    spare->is_making = false;
    bool is_abandoned = spare->is_abandoned;
    fettle_usb_lock_release(&spare->lock);
    return is_abandoned;
}

static void make(void *self)
{
    fettle_usb_spare *spare = self;
    fettle_us began = now();
    int code = 0;
    void *thing = spare->ops->make(&code);
    bool is_kept = keep(spare, thing, code, now() - began);
    if (!is_kept && thing != NULL) {
        spare->ops->unmake(thing);
    }
    if (end_making(spare)) {
        destroy(spare);
    }
}

fettle_usb_spare *fettle_usb_spare_new(const fettle_usb_spare_ops *ops)
{
    fettle_usb_spare *spare = fettle_alloc(sizeof *spare);
    if (spare == NULL) {
        return NULL;
    }
    if (!fettle_usb_lock_init(&spare->lock)) {
        fettle_free(spare);
        return NULL;
    }
    spare->ops = ops;
    spare->task = (fettle_usb_task){make, spare};
    return spare;
}

static void nap(void)
{
    (void)fettle_os_clock()->wait(NULL, now() + LOOK_US, NULL);
}

/* True: nothing is being made. */
static bool is_idle(fettle_usb_spare *spare)
{
    fettle_usb_lock_take(&spare->lock);
    bool is_making = spare->is_making;
    fettle_usb_lock_release(&spare->lock);
    return !is_making;
}

void fettle_usb_spare_free(fettle_usb_spare *spare)
{
    if (spare == NULL) {
        return;
    }
    fettle_us until = now() + LEAVE_US;
    while (!is_idle(spare) && now() < until) {
        nap();
    }
    fettle_usb_lock_take(&spare->lock);
    bool is_making = spare->is_making;
    spare->is_abandoned = true;
    fettle_usb_lock_release(&spare->lock);
    if (!is_making) {
        destroy(spare);
    }
}

/* Under the lock. True: the caller has to make() it, without the lock: there is no thread to be had. */
static bool begin(fettle_usb_spare *spare)
{
    if (spare->thing != NULL || spare->is_making) {
        return false;
    }
    spare->is_making = true;
    return !fettle_usb_task_start(&spare->task);
}

void fettle_usb_spare_want(fettle_usb_spare *spare)
{
    fettle_usb_lock_take(&spare->lock);
    /* What can't be made is tried again by those who need it, not by those who will. */
    if (spare->code == 0 && begin(spare)) {
        spare->is_making = false;
    }
    fettle_usb_lock_release(&spare->lock);
}

void *fettle_usb_spare_take(fettle_usb_spare *spare, fettle_us until, int *code)
{
    *code = 0;
    for (bool has_begun = false;;) {
        fettle_usb_lock_take(&spare->lock);
        void *thing = spare->thing;
        spare->thing = NULL;
        bool has_failed = has_begun && !spare->is_making && spare->code != 0;
        *code = has_failed ? spare->code : 0;
        bool must_make = thing == NULL && !has_failed && begin(spare);
        has_begun = true;
        fettle_usb_lock_release(&spare->lock);
        if (must_make) {
            make(spare);
        }
        if (thing != NULL || has_failed || now() >= until) {
            return thing;
        }
        nap();
    }
}

void fettle_usb_spare_give(fettle_usb_spare *spare, void *thing)
{
    fettle_usb_lock_take(&spare->lock);
    bool is_surplus = spare->thing != NULL;
    spare->thing = is_surplus ? spare->thing : thing;
    fettle_usb_lock_release(&spare->lock);
    if (is_surplus) {
        spare->ops->unmake(thing);
    }
}

void fettle_usb_spare_tidy(fettle_usb_spare *spare)
{
    fettle_usb_lock_take(&spare->lock);
    if (spare->thing != NULL) {
        spare->ops->tidy(spare->thing);
    }
    fettle_usb_lock_release(&spare->lock);
}

fettle_us fettle_usb_spare_cost(fettle_usb_spare *spare)
{
    fettle_usb_lock_take(&spare->lock);
    fettle_us cost = spare->cost;
    fettle_usb_lock_release(&spare->lock);
    return cost;
}
