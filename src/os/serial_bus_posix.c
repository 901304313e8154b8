/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus of one named line. There is no thread behind it: one turn, which never blocks, looks whether the board is
 * there; whoever looks or waits makes it, under the lock, and a waiter sleeps without it between two.
 *
 * While a link is open the connection is the link's, and is only asked here whether it has ended.
 */
#define _POSIX_C_SOURCE 200809L

#include "os/serial_bus.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/host_port.h"
#include "os/serial_net.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MS = 1000,
    NEW_US = 5000 * MS,
    CONNECT_US = 3000 * MS, /* until a server that was lost has answered, ... */
    RETRY_US = 500 * MS,    /* ... and until it is tried again */
    NODE_US = 20 * MS,      /* between two looks of one who waits */
};

typedef enum bus_state {
    ABSENT,
    CONNECTING,
    PRESENT,
    LOST, /* and its link is still open */
} bus_state;

/* What tells one file of a name from the next. */
typedef struct node_identity {
    dev_t device;
    ino_t inode;
    dev_t special;
} node_identity;

struct fettle_os_serial {
    fettle_host_port server; /* empty for a node */
    size_t host_count;
    fettle_stream_host hosts[FETTLE_STREAM_HOSTS_MAX];

    pthread_mutex_t lock; /* of all that follows */
    bus_state state;
    bool is_open;
    uint64_t change;
    uint32_t arrivals;
    fettle_sight sight; /* its path is always there */
    node_identity node;
    size_t host;            /* the one that answered last, or is tried next */
    fettle_us next;         /* ABSENT: the next try. CONNECTING: the end of this one */
    fettle_us try_time;     /* that one may take */
    unsigned failures;      /* since the last success */
    const char *failure;    /* of the last one */
    fettle_serial_net *net; /* NULL for a node */
};

static fettle_us clock_now(void)
{
    return fettle_os_clock()->now(NULL);
}

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

static void lock(fettle_os_serial *bus)
{
    (void)pthread_mutex_lock(&bus->lock);
}

static void unlock(fettle_os_serial *bus)
{
    (void)pthread_mutex_unlock(&bus->lock);
}

static void arrive(fettle_os_serial *bus)
{
    bus->state = PRESENT;
    bus->sight.arrival = ++bus->arrivals;
    bus->change++;
}

static void leave(fettle_os_serial *bus)
{
    bus->state = bus->is_open ? LOST : ABSENT;
    bus->change++;
}

/* ---- a node ---- */

static bool find_node(const fettle_os_serial *bus, node_identity *node)
{
    struct stat status;
    if (stat(bus->sight.path, &status) != 0 || !S_ISCHR(status.st_mode)) {
        return false;
    }
    *node = (node_identity){status.st_dev, status.st_ino, status.st_rdev};
    return true;
}

static bool is_same_node(const node_identity *a, const node_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->special == b->special;
}

static void look_at_access(fettle_os_serial *bus)
{
    fettle_why access = fettle_serial_access(bus->sight.path);
    bus->change += access != bus->sight.access ? 1 : 0;
    bus->sight.access = access;
}

static void move_node(fettle_os_serial *bus, fettle_us now)
{
    node_identity node;
    bool is_there = find_node(bus, &node);
    if (bus->state == PRESENT && !(is_there && is_same_node(&node, &bus->node))) {
        leave(bus);
    }
    if (bus->state == ABSENT && is_there) {
        bus->node = node;
        arrive(bus);
    }
    if (bus->state == PRESENT) {
        look_at_access(bus);
    }
    bus->next = now + NODE_US;
}

/* ---- a server ---- */

static void end_try(fettle_os_serial *bus, const char *failure, fettle_us now)
{
    fettle_stream_close(&bus->net->stream);
    bus->state = ABSENT;
    bus->next = now + RETRY_US;
    bus->failures++;
    bus->failure = failure;
    bus->host = (bus->host + 1) % bus->host_count;
}

static void connect_on(fettle_os_serial *bus, fettle_us now)
{
    switch (fettle_serial_net_move(bus->net)) {
    case FETTLE_SERIAL_NET_READY:
        bus->failures = 0;
        arrive(bus);
        break;
    case FETTLE_SERIAL_NET_BROKEN:
        end_try(bus, bus->net->failure, now);
        break;
    case FETTLE_SERIAL_NET_CONNECTING:
    default:
        if (now >= bus->next) {
            end_try(bus, fettle_serial_net_name_silence(bus->net), now);
        }
        break;
    }
}

static bool is_over(const fettle_os_serial *bus)
{
    return bus->is_open ? fettle_stream_is_over(&bus->net->stream)
                        : fettle_serial_net_move(bus->net) == FETTLE_SERIAL_NET_BROKEN;
}

static void move_net(fettle_os_serial *bus, fettle_us now, bool connects)
{
    if (bus->state == PRESENT && is_over(bus)) {
        leave(bus);
        bus->next = now;
        if (!bus->is_open) {
            fettle_stream_close(&bus->net->stream);
        }
    }
    if (bus->state == ABSENT && connects && now >= bus->next) {
        bus->state = CONNECTING;
        bus->next = now + bus->try_time;
        fettle_serial_net_connect(bus->net, &bus->hosts[bus->host]);
    }
    if (bus->state == CONNECTING) {
        connect_on(bus, now);
    }
}

static void move(fettle_os_serial *bus, fettle_us now, bool connects)
{
    if (bus->net != NULL) {
        move_net(bus, now, connects);
    } else {
        move_node(bus, now);
    }
}

/* ---- the table ---- */

static size_t bus_look(void *self, fettle_sight *sights, size_t max, uint64_t *change)
{
    fettle_os_serial *bus = self;
    lock(bus);
    move(bus, clock_now(), false);
    size_t count = bus->state == PRESENT ? 1 : 0;
    if (count > 0 && max > 0) {
        sights[0] = bus->sight;
    }
    *change = bus->change;
    unlock(bus);
    return count;
}

/* What the next turn waits for; returns how many events there are, 0 or 1. */
static size_t gather_event(const fettle_os_serial *bus, struct pollfd *event)
{
    bool has_event = bus->net != NULL && !bus->is_open && bus->net->stream.socket >= 0;
    if (has_event) {
        *event = fettle_stream_events(&bus->net->stream);
    }
    return has_event ? 1 : 0;
}

static fettle_outcome bus_wait(void *self, uint64_t change, fettle_us until,
                               const fettle_cancel *cancel)
{
    fettle_os_serial *bus = self;
    for (;;) {
        struct pollfd event;
        lock(bus);
        fettle_us now = clock_now();
        move(bus, now, true);
        bool has_news = bus->change != change;
        size_t count = gather_event(bus, &event);
        bool has_next =
            bus->net == NULL || bus->state == ABSENT || bus->state == CONNECTING;
        fettle_us next = has_next ? earlier(bus->next, until) : until;
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
        fettle_stream_nap(&event, count, now, next);
    }
}

static fettle_outcome refuse(fettle_why why)
{
    return (fettle_outcome){.kind = FETTLE_ERROR, .why = why};
}

/* The link has ended. */
static void take_back(void *self, const char *path, uint32_t arrival)
{
    fettle_os_serial *bus = self;
    (void)path;
    (void)arrival;
    lock(bus);
    bus->is_open = false;
    if (bus->net != NULL && (bus->net->is_broken || bus->state == LOST)) {
        if (bus->state == PRESENT) {
            leave(bus);
        }
        fettle_stream_close(&bus->net->stream);
        bus->next = clock_now();
    }
    bus->state = bus->state == LOST ? ABSENT : bus->state;
    unlock(bus);
}

/* Says whether this caller may go on to open it. */
static fettle_outcome reserve(fettle_os_serial *bus, const fettle_sight *sight,
                              fettle_link_kind kind)
{
    fettle_outcome outcome = {.kind = FETTLE_OK};
    lock(bus);
    move(bus, clock_now(), false);
    if (bus->state != PRESENT || bus->sight.arrival != sight->arrival ||
        !fettle_text_is_equal(bus->sight.path, sight->path)) {
        outcome.kind = FETTLE_GONE;
    } else if (kind != FETTLE_LINK_SERIAL) {
        outcome = refuse(FETTLE_WHY_DRIVER);
    } else if (bus->is_open) {
        outcome = refuse(FETTLE_WHY_BUSY);
    } else {
        bus->is_open = true;
    }
    unlock(bus);
    return outcome;
}

static fettle_outcome bus_open(void *self, const fettle_sight *sight, fettle_link_kind kind,
                               const fettle_serial_settings *settings, fettle_link *link)
{
    fettle_os_serial *bus = self;
    fettle_outcome outcome = reserve(bus, sight, kind);
    if (outcome.kind != FETTLE_OK) {
        return outcome;
    }
    fettle_serial_owner owner = {.let_go = take_back, .self = bus};
    outcome = bus->net != NULL
                  ? fettle_serial_net_open(bus->net, settings, &owner, link)
                  : fettle_serial_open(bus->sight.path, settings, &owner, link);
    if (outcome.kind != FETTLE_OK) {
        take_back(bus, bus->sight.path, bus->sight.arrival);
    }
    return outcome;
}

const fettle_bus_ops fettle_os_serial_bus_ops = {bus_look, bus_wait, bus_open};

/* ---- life ---- */

static bool refuse_port(const char *port, const char *why, fettle_error *err)
{
    char sentence[200] = "";
    fettle_text_append(sentence, sizeof sentence, port);
    fettle_text_append(sentence, sizeof sentence, why);
    fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = sentence});
    return false;
}

static bool refuse_memory(size_t size, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = size});
    return false;
}

static bool refuse_server(const fettle_os_serial *bus, const char *why, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_SERVER_UNREACHABLE,
                     &(fettle_words){.text = bus->server.name, .text2 = why});
    return false;
}

/* All of the server's addresses are tried, each for its share of the time. */
static bool connect_first(fettle_os_serial *bus, fettle_us time, fettle_error *err)
{
    bus->try_time = time / bus->host_count;
    for (;;) {
        fettle_us now = clock_now();
        move(bus, now, true);
        if (bus->state == PRESENT) {
            break;
        }
        if (bus->failures >= bus->host_count) {
            return refuse_server(bus, bus->failure, err);
        }
        if (bus->state == ABSENT) {
            bus->next = now; /* the next address */
            continue;
        }
        struct pollfd event;
        size_t count = gather_event(bus, &event);
        fettle_stream_nap(&event, count, now, bus->next);
    }
    bus->try_time = CONNECT_US;
    return true;
}

static bool start_net(fettle_os_serial *bus, bool has_telnet, fettle_us time,
                      fettle_error *err)
{
    const char *why = NULL;
    bus->net = fettle_alloc(sizeof *bus->net);
    if (bus->net == NULL) {
        return refuse_memory(sizeof *bus->net, err);
    }
    bus->net->stream.socket = -1;
    bus->net->has_telnet = has_telnet;
    if (!fettle_stream_look_up(bus->server.host, bus->server.port, bus->hosts,
                               &bus->host_count, &why)) {
        return refuse_memory(sizeof bus->hosts, err);
    }
    return bus->host_count > 0 ? connect_first(bus, time, err)
                               : refuse_server(bus, why, err);
}

static bool start_node(fettle_os_serial *bus, fettle_error *err)
{
    struct stat status;
    memcpy(bus->sight.node, bus->sight.path, sizeof bus->sight.node);
    bool is_there = stat(bus->sight.path, &status) == 0;
    return !is_there || S_ISCHR(status.st_mode) ||
           refuse_port(bus->sight.path, " is no serial port", err);
}

static bool start(fettle_os_serial *bus, const char *port, fettle_us time,
                  fettle_error *err)
{
    static const char tcp[] = "tcp://", rfc2217[] = "rfc2217://";
    bus->sight.kind = FETTLE_LINK_SERIAL;
    if (strlen(port) >= sizeof bus->sight.path) {
        return refuse_port(port, " is too long for a port", err);
    }
    fettle_text_append(bus->sight.path, sizeof bus->sight.path, port);
    if (port[0] == '/') {
        return start_node(bus, err);
    }
    bool has_telnet = strncmp(port, rfc2217, sizeof rfc2217 - 1) == 0;
    const char *end =
        fettle_host_port_parse(&bus->server, port, has_telnet ? rfc2217 : tcp, NULL);
    if (end == NULL || *end != '\0') {
        return refuse_port(port,
                           " is no port of the form /dev/NAME, tcp://HOST:PORT or "
                           "rfc2217://HOST:PORT",
                           err);
    }
    return start_net(bus, has_telnet, time, err);
}

fettle_os_serial *fettle_os_serial_new_within(const char *port, fettle_us time,
                                              fettle_error *err)
{
    fettle_os_serial *bus = fettle_alloc(sizeof *bus);
    if (bus == NULL || pthread_mutex_init(&bus->lock, NULL) != 0) {
        fettle_free(bus);
        (void)refuse_memory(sizeof *bus, err);
        return NULL;
    }
    if (!start(bus, port, time, err)) {
        fettle_os_serial_free(bus);
        return NULL;
    }
    return bus;
}

fettle_os_serial *fettle_os_serial_new(const char *port, fettle_error *err)
{
    return fettle_os_serial_new_within(port, NEW_US, err);
}

void fettle_os_serial_free(fettle_os_serial *serial)
{
    if (serial == NULL) {
        return;
    }
    if (serial->net != NULL) {
        fettle_stream_close(&serial->net->stream);
        fettle_free(serial->net);
    }
    (void)pthread_mutex_destroy(&serial->lock);
    fettle_free(serial);
}

void fettle_os_serial_path(const fettle_os_serial *serial, char path[FETTLE_PATH_SIZE])
{
    memcpy(path, serial->sight.path, FETTLE_PATH_SIZE);
}
