/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus of a USB/IP server. There is no thread behind it: whoever waits moves everything on. One turn
 * never blocks (all sockets are asked for what they have now) and so is made under the lock; between two
 * turns the waiter sleeps without it. The ask for the list goes on from one wait() to the next, so that
 * waits may be as short as they like.
 *
 * A device is there as long as its import lives, whatever the list says: servers leave out of it what
 * somebody has imported. All others are there as long as they are listed.
 */
#define _POSIX_C_SOURCE 200809L

#include "os/usbip.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/usbip_address.h"
#include "os/usbip_ask.h"
#include "os/usbip_import.h"
#include "os/usbip_link.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum {
    NEW_US = 5000000,
    ASK_EVERY_US = 100000,
    ASK_US = 2000000,    /* until the whole list has come */
    REFUSED_US = 500000, /* until a refused import is tried again */
    FAILED_ASKS_MAX = 3, /* in a row, before the server counts as gone */
};

enum device_state {
    ABSENT,   /* its place is kept, so that it comes back to it */
    SETTLING, /* its first import is under way: not shown yet */
    SHOWN,
};

struct device {
    enum device_state state;
    fettle_usbip_device listed;
    fettle_usbip_import *import; /* NULL: none is there, or under way */
    fettle_us retry_at;          /* of one that was refused */
    uint32_t refusal;            /* `status` of that; 0: it never came */
    fettle_sight sight;
};

struct fettle_os_usbip {
    fettle_usbip_address address;
    size_t host_count;
    fettle_stream_host hosts[FETTLE_STREAM_HOSTS_MAX];

    pthread_mutex_t lock; /* of all that follows */
    size_t host;          /* the one that answered last, or is tried next */
    uint64_t change;
    uint32_t arrivals;
    fettle_us ask_time;         /* that an ask may take */
    unsigned asks, failed_asks; /* answered ones; those that failed since */
    fettle_usbip_ask ask;
    fettle_us ask_at;    /* the next one */
    size_t device_count; /* places */
    struct device devices[FETTLE_USBIP_DEVICES_MAX];
};

static fettle_us clock_now(void)
{
    return fettle_os_clock()->now(NULL);
}

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

static void lock(fettle_os_usbip *bus)
{
    (void)pthread_mutex_lock(&bus->lock);
}

static void unlock(fettle_os_usbip *bus)
{
    (void)pthread_mutex_unlock(&bus->lock);
}

/* ---- devices ---- */

/* An import that a link has stays until that gives it back. */
static void drop_import(struct device *device)
{
    fettle_usbip_import *import = device->import;
    device->import = NULL;
    if (import != NULL && import->is_held) {
        import->is_orphan = true;
        fettle_stream_cut(&import->stream);
    } else {
        fettle_usbip_import_free(import);
    }
}

static void leave(fettle_os_usbip *bus, struct device *device)
{
    bus->change += device->state == SHOWN ? 1 : 0;
    drop_import(device);
    device->state = ABSENT;
}

/* Its connection has ended. A list that is on its way may be from before that. */
static void leave_suddenly(fettle_os_usbip *bus, struct device *device, fettle_us now)
{
    leave(bus, device);
    fettle_usbip_ask_end(&bus->ask);
    bus->ask_at = now + ASK_EVERY_US;
}

/* What the list tells, as a new arrival where it is one. */
static void show(fettle_os_usbip *bus, struct device *device, fettle_link_kind kind)
{
    fettle_sight *sight = &device->sight;
    uint32_t arrival = device->state == SHOWN ? sight->arrival : ++bus->arrivals;
    *sight = (fettle_sight){
        .arrival = arrival,
        .kind = kind,
        .id = device->listed.id,
        .bcdDevice = device->listed.bcdDevice,
    };
    fettle_usbip_address_path(&bus->address, device->listed.busid, sight->path);
    device->state = SHOWN;
    bus->change++;
}

static fettle_why why_of(uint32_t status)
{
    switch (status) {
    case FETTLE_USBIP_NO_PERMISSION:
        return FETTLE_WHY_PERMISSION;
    case FETTLE_USBIP_HELD:
        return FETTLE_WHY_BUSY;
    default:
        return FETTLE_WHY_SYSTEM;
    }
}

/* `status` 0: there was no answer. */
static void show_refused(fettle_os_usbip *bus, struct device *device, uint32_t status,
                         fettle_us now)
{
    drop_import(device);
    device->retry_at = now + REFUSED_US;
    bool is_news = device->state != SHOWN || device->sight.access != why_of(status);
    device->refusal = status;
    if (is_news) {
        show(bus, device, FETTLE_LINK_USB);
        device->sight.access = why_of(status);
    }
}

static void show_imported(fettle_os_usbip *bus, struct device *device)
{
    const fettle_sight *read = &device->import->sight;
    fettle_sight *sight = &device->sight;
    show(bus, device, FETTLE_LINK_USB);
    memcpy(sight->manufacturer, read->manufacturer, sizeof sight->manufacturer);
    memcpy(sight->product, read->product, sizeof sight->product);
    memcpy(sight->serial, read->serial, sizeof sight->serial);
    sight->descriptors_size = read->descriptors_size;
    memcpy(sight->descriptors, read->descriptors, read->descriptors_size);
}

static void begin_import(fettle_os_usbip *bus, struct device *device, fettle_us now)
{
    device->import =
        fettle_usbip_import_new(&bus->hosts[bus->host], device->listed.busid, now);
    if (device->import == NULL) {
        show_refused(bus, device, 0, now);
    }
}

static bool is_wanted(const fettle_os_usbip *bus, const char *busid)
{
    return bus->address.busid[0] == '\0' || fettle_text_is_equal(bus->address.busid, busid);
}

static void appear(fettle_os_usbip *bus, struct device *device,
                   const fettle_usbip_device *listed, fettle_us now)
{
    device->listed = *listed;
    if (listed->has_dfu || bus->address.busid[0] != '\0') {
        device->state = SETTLING;
        begin_import(bus, device, now);
    } else {
        show(bus, device, FETTLE_LINK_NONE);
    }
}

static bool is_imported(const struct device *device)
{
    return device->import != NULL && device->import->was_accepted;
}

/*
 * What has become of an import since it was last looked at. One that ends after the server had said yes was
 * the device's end; without that it is the server that doesn't give the device away.
 */
static void notice_import(fettle_os_usbip *bus, struct device *device, fettle_us now)
{
    const fettle_usbip_import *import = device->import;
    bool is_adopted = device->state == SHOWN && device->sight.access == FETTLE_WHY_NONE;
    switch (import->phase) {
    case FETTLE_USBIP_READY:
        if (!is_adopted) {
            show_imported(bus, device);
        }
        break;
    case FETTLE_USBIP_REFUSED:
        if (import->reply.status == FETTLE_USBIP_NOT_THERE) {
            leave_suddenly(bus, device, now);
        } else {
            show_refused(bus, device, import->reply.status, now);
        }
        break;
    case FETTLE_USBIP_LOST:
        if (is_imported(device)) {
            leave_suddenly(bus, device, now);
        } else {
            show_refused(bus, device, 0, now);
        }
        break;
    case FETTLE_USBIP_ASKED:
    case FETTLE_USBIP_READING:
    default:
        break;
    }
}

/* One that a link has is only looked at: what arrives there is the link's. */
static void move_import(fettle_os_usbip *bus, struct device *device, fettle_us now)
{
    if (device->import == NULL) {
        return;
    }
    if (device->import->is_held) {
        if (fettle_stream_is_over(&device->import->stream)) {
            leave_suddenly(bus, device, now);
        }
        return;
    }
    fettle_usbip_import_move(device->import, now);
    notice_import(bus, device, now);
}

/* ---- the list ---- */

static bool is_same(const fettle_usbip_device *a, const fettle_usbip_device *b)
{
    return a->busnum == b->busnum && a->devnum == b->devnum &&
           a->id.vendor == b->id.vendor && a->id.product == b->id.product &&
           a->bcdDevice == b->bcdDevice;
}

/*
 * The list may be from before the import, where the device left and came back in between; then the answer
 * to the import tells what it is.
 */
static bool is_still(const struct device *device, const fettle_usbip_device *listed)
{
    return (is_same(&device->listed, listed) &&
            device->listed.has_dfu == listed->has_dfu) ||
           (is_imported(device) && is_same(&device->import->reply.device, listed));
}

/* The place of this busid, or one for it; NULL if there is none. */
static struct device *find_place(fettle_os_usbip *bus, const char *busid)
{
    struct device *free_place = NULL;
    for (size_t i = 0; i < bus->device_count; i++) {
        struct device *device = &bus->devices[i];
        if (fettle_text_is_equal(device->listed.busid, busid)) {
            return device;
        }
        free_place = device->state == ABSENT ? device : free_place;
    }
    return bus->device_count < FETTLE_USBIP_DEVICES_MAX ? &bus->devices[bus->device_count++]
                                                        : free_place;
}

static void on_listed(fettle_os_usbip *bus, const fettle_usbip_device *listed,
                      fettle_us now)
{
    struct device *device = find_place(bus, listed->busid);
    if (device == NULL) {
        return;
    }
    if (device->state != ABSENT && !is_still(device, listed)) {
        leave(bus, device);
    }
    if (device->state == ABSENT) {
        appear(bus, device, listed, now);
    } else if (device->state == SHOWN && device->sight.access != FETTLE_WHY_NONE &&
               device->import == NULL && now >= device->retry_at) {
        begin_import(bus, device, now);
    }
}

/* Where in the list a busid stands first; `count` if it doesn't. */
static size_t find_listed(const fettle_usbip_list *list, const char *busid)
{
    size_t i = 0;
    while (i < list->count && !fettle_text_is_equal(list->devices[i].busid, busid)) {
        i++;
    }
    return i;
}

static void leave_unlisted(fettle_os_usbip *bus)
{
    for (size_t i = 0; i < bus->device_count; i++) {
        struct device *device = &bus->devices[i];
        if (device->state != ABSENT && device->import == NULL &&
            find_listed(&bus->ask.list, device->listed.busid) == bus->ask.list.count) {
            leave(bus, device);
        }
    }
}

static void on_list(fettle_os_usbip *bus, fettle_us now)
{
    const fettle_usbip_list *list = &bus->ask.list;
    bus->asks++;
    bus->failed_asks = 0;
    leave_unlisted(bus);
    for (size_t i = 0; i < list->count; i++) {
        const char *busid = list->devices[i].busid;
        if (busid[0] != '\0' && is_wanted(bus, busid) && find_listed(list, busid) == i) {
            on_listed(bus, &list->devices[i], now);
        }
    }
}

/* ---- asking for it ---- */

static void on_failed_ask(fettle_os_usbip *bus)
{
    bus->failed_asks++;
    bus->host = (bus->host + 1) % bus->host_count;
    bool is_gone = bus->failed_asks >= FAILED_ASKS_MAX;
    for (size_t i = 0; i < bus->device_count && is_gone; i++) {
        struct device *device = &bus->devices[i];
        if (device->state != ABSENT && device->import == NULL) {
            leave(bus, device);
        }
    }
}

static void move_ask(fettle_os_usbip *bus, fettle_us now)
{
    fettle_usbip_ask *ask = &bus->ask;
    if (!ask->is_running && now < bus->ask_at) {
        return;
    }
    if (!ask->is_running) {
        fettle_usbip_ask_begin(ask, &bus->hosts[bus->host], now + bus->ask_time);
    }
    fettle_usbip_progress progress = fettle_usbip_ask_move(ask, now);
    if (progress == FETTLE_USBIP_MORE) {
        return;
    }
    fettle_usbip_ask_end(ask);
    bus->ask_at = now + ASK_EVERY_US;
    if (progress == FETTLE_USBIP_WHOLE) {
        on_list(bus, now);
    } else {
        on_failed_ask(bus);
    }
}

/* One turn of everything. Doesn't block. */
static void move(fettle_os_usbip *bus, fettle_us now)
{
    for (size_t i = 0; i < bus->device_count; i++) {
        move_import(bus, &bus->devices[i], now);
    }
    move_ask(bus, now);
}

/* What the next turn waits for. */
static size_t gather_events(const fettle_os_usbip *bus, struct pollfd *events)
{
    size_t count = 0;
    if (bus->ask.is_running) {
        events[count++] = fettle_stream_events(&bus->ask.stream);
    }
    for (size_t i = 0; i < bus->device_count; i++) {
        const fettle_usbip_import *import = bus->devices[i].import;
        if (import != NULL && !import->is_held) {
            events[count++] = fettle_stream_events(&import->stream);
        }
    }
    return count;
}

/* ---- the table ---- */

static size_t bus_look(void *self, fettle_sight *sights, size_t max, uint64_t *change)
{
    fettle_os_usbip *bus = self;
    size_t count = 0;
    lock(bus);
    for (size_t i = 0; i < bus->device_count; i++) {
        if (bus->devices[i].state != SHOWN) {
            continue;
        }
        if (count < max) {
            sights[count] = bus->devices[i].sight;
        }
        count++;
    }
    *change = bus->change;
    unlock(bus);
    return count;
}

static fettle_outcome bus_wait(void *self, uint64_t change, fettle_us until,
                               const fettle_cancel *cancel)
{
    fettle_os_usbip *bus = self;
    for (;;) {
        struct pollfd events[1 + FETTLE_USBIP_DEVICES_MAX];
        lock(bus);
        fettle_us now = clock_now();
        move(bus, now);
        bool has_news = bus->change != change;
        size_t count = gather_events(bus, events);
        fettle_us next = bus->ask.is_running ? bus->ask.until : bus->ask_at;
        unlock(bus);
        if (has_news) {
            return (fettle_outcome){.kind = FETTLE_OK};
        }
        if (fettle_cancel_is_wanted(cancel)) {
            return (fettle_outcome){.kind = FETTLE_CANCELLED};
        }
        if (now >= until) {
            return (fettle_outcome){.kind = FETTLE_TIMEOUT};
        }
        fettle_stream_nap(events, count, now, earlier(next, until));
    }
}

static struct device *find_shown(fettle_os_usbip *bus, const fettle_sight *sight)
{
    for (size_t i = 0; i < bus->device_count; i++) {
        struct device *device = &bus->devices[i];
        if (device->state == SHOWN && device->sight.arrival == sight->arrival &&
            fettle_text_is_equal(device->sight.path, sight->path)) {
            return device;
        }
    }
    return NULL;
}

static fettle_outcome refuse(fettle_why why, long system)
{
    return (fettle_outcome){.kind = FETTLE_ERROR, .why = why, .system = system};
}

static fettle_outcome open_device(fettle_os_usbip *bus, struct device *device,
                                  fettle_link *link)
{
    if (device->sight.access != FETTLE_WHY_NONE) {
        return refuse(device->sight.access, (long)device->refusal);
    }
    if (device->import->is_held) {
        return refuse(FETTLE_WHY_BUSY, 0);
    }
    fettle_us now = clock_now();
    move_import(bus, device, now);
    if (device->state != SHOWN) {
        return (fettle_outcome){.kind = FETTLE_GONE};
    }
    if (!fettle_usbip_link_open(bus, device->import, link)) {
        return refuse(FETTLE_WHY_SYSTEM, ENOMEM);
    }
    device->import->is_held = true;
    return (fettle_outcome){.kind = FETTLE_OK};
}

static fettle_outcome bus_open(void *self, const fettle_sight *sight, fettle_link_kind kind,
                               const fettle_serial_settings *settings, fettle_link *link)
{
    fettle_os_usbip *bus = self;
    (void)settings;
    lock(bus);
    struct device *device = find_shown(bus, sight);
    fettle_outcome outcome = {.kind = FETTLE_GONE};
    if (device != NULL) {
        bool has_face = kind == FETTLE_LINK_USB && device->sight.kind == FETTLE_LINK_USB;
        outcome = has_face ? open_device(bus, device, link) : refuse(FETTLE_WHY_DRIVER, 0);
    }
    unlock(bus);
    return outcome;
}

const fettle_bus_ops fettle_os_usbip_bus_ops = {bus_look, bus_wait, bus_open};

/* ---- what links ask for ---- */

void fettle_usbip_bus_lost(fettle_os_usbip *bus, const fettle_usbip_import *import)
{
    lock(bus);
    for (size_t i = 0; i < bus->device_count; i++) {
        if (bus->devices[i].import == import) {
            leave_suddenly(bus, &bus->devices[i], clock_now());
        }
    }
    unlock(bus);
}

void fettle_usbip_bus_take_back(fettle_os_usbip *bus, fettle_usbip_import *import)
{
    lock(bus);
    import->is_held = false;
    if (import->is_orphan) {
        fettle_usbip_import_free(import);
    }
    unlock(bus);
}

/* ---- life ---- */

static bool refuse_server(const fettle_usbip_address *address, const char *why,
                          fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_SERVER_UNREACHABLE,
                     &(fettle_words){.text = address->server.name, .text2 = why});
    return false;
}

static bool look_up(fettle_os_usbip *bus, fettle_error *err)
{
    const char *why = NULL;
    if (!fettle_stream_look_up(bus->address.server.host, bus->address.server.port,
                               bus->hosts, &bus->host_count, &why)) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY,
                         &(fettle_words){.size = sizeof bus->hosts});
        return false;
    }
    return bus->host_count > 0 || refuse_server(&bus->address, why, err);
}

static bool is_settled(const fettle_os_usbip *bus)
{
    for (size_t i = 0; i < bus->device_count; i++) {
        if (bus->devices[i].state == SETTLING) {
            return false;
        }
    }
    return bus->asks > 0;
}

static void wait_for_more(fettle_os_usbip *bus, fettle_us now, fettle_us until)
{
    struct pollfd events[1 + FETTLE_USBIP_DEVICES_MAX];
    size_t count = gather_events(bus, events);
    fettle_stream_nap(events, count, now, until);
}

/*
 * All of the server's addresses are tried, each for its share of the time. Once there is a list, what can't
 * be read of its devices in time comes with a later wait.
 */
static bool make_first_look(fettle_os_usbip *bus, fettle_us time, fettle_error *err)
{
    fettle_us until = clock_now() + time;
    bus->ask_time = time / bus->host_count;
    for (;;) {
        fettle_us now = clock_now();
        move(bus, now);
        if (is_settled(bus) || (bus->asks > 0 && now >= until)) {
            break;
        }
        if (bus->asks == 0 && bus->failed_asks >= bus->host_count) {
            return refuse_server(&bus->address, bus->ask.failure, err);
        }
        if (bus->ask.is_running || bus->asks > 0) {
            wait_for_more(bus, now, until);
        } else {
            bus->ask_at = now; /* the next address */
        }
    }
    bus->ask_time = ASK_US;
    return true;
}

static bool start(fettle_os_usbip *bus, const char *port, fettle_us time, fettle_error *err)
{
    return fettle_usbip_address_parse(&bus->address, port, err) && look_up(bus, err) &&
           make_first_look(bus, time, err);
}

fettle_os_usbip *fettle_os_usbip_new_within(const char *port, fettle_us time,
                                            fettle_error *err)
{
    fettle_os_usbip *bus = fettle_alloc(sizeof *bus);
    if (bus == NULL || pthread_mutex_init(&bus->lock, NULL) != 0) {
        fettle_free(bus);
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = sizeof *bus});
        return NULL;
    }
    bus->ask.stream.socket = -1;
    if (!start(bus, port, time, err)) {
        fettle_os_usbip_free(bus);
        return NULL;
    }
    return bus;
}

fettle_os_usbip *fettle_os_usbip_new(const char *port, fettle_error *err)
{
    return fettle_os_usbip_new_within(port, NEW_US, err);
}

void fettle_os_usbip_free(fettle_os_usbip *usbip)
{
    if (usbip == NULL) {
        return;
    }
    for (size_t i = 0; i < usbip->device_count; i++) {
        fettle_usbip_import_free(usbip->devices[i].import);
    }
    fettle_usbip_ask_end(&usbip->ask);
    (void)pthread_mutex_destroy(&usbip->lock);
    fettle_free(usbip);
}

void fettle_os_usbip_path(const fettle_os_usbip *usbip, char path[FETTLE_PATH_SIZE])
{
    fettle_usbip_address_path(&usbip->address, usbip->address.busid, path);
}
