/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library as a program with several boards uses it: a thousand jobs with random boards, faults and
 * wishes in four threads, and a second thread to each that cancels in the middle. Nothing may appear on
 * stdout or stderr, nothing may be claimed that isn't so, and nothing may be left behind (which a
 * sanitizer sees; this is meant to run under all of them).
 *
 *     test_library [SEED [JOBS]]
 *
 * The jobs run in a process of their own, whose output goes to files: so what a sanitizer says at the
 * very end counts too. What a job is depends on the seed and its number only, not on the threads; when a
 * cancel arrives does depend on them, and that is the point of it.
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "sim/sim.h"
#include "unit/event_order.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    THREADS = 4,
    JOBS = 1000,
    SEED = 20231117,
    SHIELD_SIZE = 16384,
    PLAIN_SIZE = 3000,
    SUFFIX_SIZE = 16,
    OUTCOMES = FETTLE_OUTCOME_INTERRUPTED + 1,
};

#define SECONDS ((fettle_us)1000000)

/* What one process or thread has seen. */
struct tally {
    unsigned jobs, refused, outcomes[OUTCOMES], cancels, events, problems;
    char problem[200]; /* the first */
};

/* ---- chance ---- */

struct chance {
    uint64_t state;
};

/* SplitMix64: any start is a good one. */
static uint32_t roll(struct chance *chance, uint32_t sides)
{
    chance->state += 0x9E3779B97F4A7C15u;
    uint64_t mixed = chance->state;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)((mixed ^ mixed >> 31) >> 32) % sides;
}

static const char *pick(struct chance *chance, const char *const *words, size_t count)
{
    return words[roll(chance, (uint32_t)count)];
}

#define PICK(chance, words) pick(chance, words, sizeof(words) / sizeof *(words))

/* ---- what is on the desk ---- */

static const char *const shields[] = {"pytrack", "pysense", "pygate", "expansion31"};
static const char *const shield_options[] = {
    "",
    ",mode=dfu",
    ",mode=dfu,downloading=yes",
    ",person=none",
    ",person=wrong",
    ",races=yes",
    ",battery=yes",
    ",mode=dfu,exit=no",
    ",stays=yes",
    ",person=slow",
    ",window=off",
    ",mode=unplugged",
};
static const char *const plain_options[] = {
    "",
    ",app-id=1d50:6002",
    ",app-id=1d50:6002,detach=reset",
    ",app-id=1d50:6002,detach=no",
    ",app-id=1d50:6002,tolerant=no",
    ",app-id=1d50:6002,tolerant=no,reboots=yes",
    ",app-id=1d50:6002,reboots=early",
    ",same-ids=yes,linger=100",
    ",upload=no",
    ",download=no",
    ",poll=3,manifest-poll=40",
    ",alternates=3",
    ",mode=dfu,downloading=yes",
    ",app=no,app-id=1d50:6002",
};
static const char *const faults[] = {
    "lose-completion",
    "lose-completion:before",
    "lose-reply",
    "lose-reply:before",
    "drop-write",
    "flip-bit",
    "stall",
    "vanish",
    "vanish:before",
    "no-return",
    "other-ids:before",
    "busy-forever",
    "short",
    "slow",
    "busy",
    "status=errPROG",
    "status=errVERIFY",
    "no-permission",
    "odd-state",
    "odd-status",
};

struct desk {
    struct chance chance;
    bool is_shield;
    char spec[300];
    uint8_t file[SHIELD_SIZE + SUFFIX_SIZE];
    size_t size; /* of the content */
    fettle_usb_id id;
    const char *revision;
};

/* Mostly one moment; sometimes all, all from one on, or chance. */
static void add_faults(struct desk *desk)
{
    for (uint32_t count = roll(&desk->chance, 4); count > 1; count--) {
        uint32_t most = desk->is_shield ? 600 : 60;
        uint32_t kind = roll(&desk->chance, 6);
        uint32_t at = 1 + roll(&desk->chance, kind == 4 ? 9 : most);
        size_t length = strlen(desk->spec);
        (void)snprintf(desk->spec + length, sizeof desk->spec - length, ",fault=%s",
                       PICK(&desk->chance, faults));
        length = strlen(desk->spec);
        if (kind < 3) {
            (void)snprintf(desk->spec + length, sizeof desk->spec - length, "@%u", at);
        } else if (kind == 3) {
            (void)snprintf(desk->spec + length, sizeof desk->spec - length, "@%u+", at);
        } else if (kind == 4) {
            (void)snprintf(desk->spec + length, sizeof desk->spec - length, "@p0.0%u", at);
        }
    }
}

static fettle_usb_id update_id_of(const char *name)
{
    fettle_known_board board;
    for (size_t i = 0; fettle_known_board_at(i, &board); i++) {
        if (strncmp(name, board.id, strlen(board.id)) == 0) {
            return board.update;
        }
    }
    return (fettle_usb_id){0x1d50, 0x6003};
}

static void lay_out(struct desk *desk, uint64_t seed, unsigned number)
{
    desk->chance.state = seed + (uint64_t)number * 1000003u;
    desk->is_shield = roll(&desk->chance, 2) == 0;
    uint32_t content = roll(&desk->chance, 1000);
    if (desk->is_shield) {
        const char *name = PICK(&desk->chance, shields);
        desk->revision = strcmp(name, "pygate") == 0 ? NULL : name[0] == 'e' ? "3.1" : "1";
        desk->id = update_id_of(name);
        desk->size = SHIELD_SIZE;
        (void)snprintf(desk->spec, sizeof desk->spec, "%s,timing=none,seed=%u%s", name,
                       number, PICK(&desk->chance, shield_options));
        fettle_sim_make_shield_payload(desk->file, content);
    } else {
        desk->revision = NULL;
        desk->id = update_id_of("dfu");
        desk->size = PLAIN_SIZE;
        (void)snprintf(desk->spec, sizeof desk->spec,
                       "dfu,timing=none,size=4KB,transfer=128,seed=%u%s", number,
                       PICK(&desk->chance, plain_options));
        for (size_t i = 0; i < PLAIN_SIZE; i++) {
            desk->file[i] = (uint8_t)roll(&desk->chance, 256);
        }
    }
    add_faults(desk);
    (void)fettle_sim_make_suffix(desk->file + desk->size, desk->file, desk->size,
                                 desk->id.vendor, desk->id.product, 0xFFFF, 0x0100);
}

/* ---- the other thread ---- */

/* Cancels one job when it is told to; the job's own thread waits for it before it frees the job. */
struct canceller {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    fettle_job *job; /* to be cancelled now */
    bool is_over;
};

static void *cancel_jobs(void *user)
{
    struct canceller *self = user;
    (void)pthread_mutex_lock(&self->mutex);
    while (!self->is_over) {
        if (self->job != NULL) {
            fettle_job_cancel(self->job);
            self->job = NULL;
            (void)pthread_cond_broadcast(&self->changed);
        }
        (void)pthread_cond_wait(&self->changed, &self->mutex);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return NULL;
}

static void want_cancel(struct canceller *self, fettle_job *job)
{
    (void)pthread_mutex_lock(&self->mutex);
    self->job = job;
    (void)pthread_cond_broadcast(&self->changed);
    (void)pthread_mutex_unlock(&self->mutex);
}

static void wait_for_cancel(struct canceller *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    while (self->job != NULL) {
        (void)pthread_cond_wait(&self->changed, &self->mutex);
    }
    (void)pthread_mutex_unlock(&self->mutex);
}

static bool start_canceller(struct canceller *self)
{
    self->job = NULL;
    self->is_over = false;
    return pthread_mutex_init(&self->mutex, NULL) == 0 &&
           pthread_cond_init(&self->changed, NULL) == 0 &&
           pthread_create(&self->thread, NULL, cancel_jobs, self) == 0;
}

static void stop_canceller(struct canceller *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    self->is_over = true;
    (void)pthread_cond_broadcast(&self->changed);
    (void)pthread_mutex_unlock(&self->mutex);
    (void)pthread_join(self->thread, NULL);
    (void)pthread_cond_destroy(&self->changed);
    (void)pthread_mutex_destroy(&self->mutex);
}

/* ---- one job ---- */

struct sitting {
    const struct desk *desk;
    struct tally *tally;
    struct canceller *canceller;
    struct event_order order;
    fettle_sim *sim;
    fettle_job *job;
    unsigned cancel_at; /* number of the event; 0: never */
};

static void complain(struct sitting *self, const char *what)
{
    if (self->tally->problems++ == 0) {
        (void)snprintf(self->tally->problem, sizeof self->tally->problem, "%.70s: %.120s",
                       what, self->desk->spec);
    }
}

static void must(struct sitting *self, bool holds, const char *what)
{
    if (!holds) {
        complain(self, what);
    }
}

static void on_event(void *user, const fettle_event *event)
{
    struct sitting *self = user;
    event_order_see(&self->order, event);
    self->tally->events++;
    if (event->kind == FETTLE_EVENT_ASK || event->kind == FETTLE_EVENT_ASK_OVER) {
        fettle_sim_hear(self->sim, NULL,
                        event->kind == FETTLE_EVENT_ASK ? event->ask : FETTLE_ASK_NOTHING);
    }
    if (self->order.count == self->cancel_at) {
        self->tally->cancels++;
        want_cancel(self->canceller, self->job);
    }
}

/* Whatever the board and the faults were: what was read back is so. */
static bool is_in_memory(const struct sitting *self)
{
    size_t size;
    const struct desk *desk = self->desk;
    const uint8_t *memory = fettle_sim_memory(self->sim, 0, &size);
    size_t from = desk->is_shield ? 0x0400 : 0, to = desk->is_shield ? 0x3F00 : desk->size;
    return to <= size && memcmp(memory + from, desk->file + from, to - from) == 0;
}

static void check_error(struct sitting *self, const fettle_error *error)
{
    must(self, error->code > FETTLE_E_NONE && error->code < FETTLE_E_COUNT, "no code");
    must(self, error->message[0] != '\0' && strchr(error->message, '{') == NULL,
         "no words");
    must(self,
         error->hint != NULL && error->hint[0] != '\0' &&
             error->hint[strlen(error->hint) - 1] == '.',
         "no hint");
}

static void check_result(struct sitting *self, bool is_ok, const fettle_error *err)
{
    const fettle_result *result = fettle_job_result(self->job);
    self->tally->outcomes[result->outcome]++;
    must(self, result->outcome != FETTLE_OUTCOME_NONE, "no outcome");
    must(self, is_ok == (result->error == NULL),
         "ended well with an error, or badly without");
    must(self, is_ok == (result->outcome < FETTLE_OUTCOME_REFUSED), "another outcome");
    must(self, result->verified != FETTLE_PROOF_READBACK || is_in_memory(self),
         "said to be read back, and isn't there");
    must(self,
         !is_ok || result->outcome != FETTLE_OUTCOME_UPDATED || is_in_memory(self) ||
             result->verified < FETTLE_PROOF_READBACK,
         "said to be updated, and isn't");
    if (!is_ok) {
        check_error(self, err);
    }
    const char *problem = event_order_problem(&self->order);
    must(self, problem == NULL, problem != NULL ? problem : "");
}

static fettle_wishes wish(struct chance *chance, const struct desk *desk, const char *path)
{
    static const unsigned flags[] = {
        0, 0, 0, 0, FETTLE_WISH_NO_VERIFY, FETTLE_WISH_STAY, FETTLE_WISH_DRY_RUN,
    };
    return (fettle_wishes){
        .board = roll(chance, 2) == 0 ? path : NULL,
        .revision = desk->revision,
        .wait = roll(chance, 3) * 40 * SECONDS,
        .flags = flags[roll(chance, sizeof flags / sizeof *flags)],
        .transfer_size = roll(chance, 5) == 0 ? 64 : 0,
        .to = roll(chance, 2) == 0 ? FETTLE_MODE_APP : FETTLE_MODE_DFU,
        .length = 1000,
    };
}

static void run_job(struct sitting *self, fettle_context *context,
                    const fettle_image *image, struct chance *chance)
{
    static const fettle_verb verbs[] = {
        FETTLE_VERB_UPDATE, FETTLE_VERB_UPDATE, FETTLE_VERB_UPDATE,
        FETTLE_VERB_UPDATE, FETTLE_VERB_UPDATE, FETTLE_VERB_VERIFY,
        FETTLE_VERB_READ,   FETTLE_VERB_RESET,  FETTLE_VERB_SURVEY,
    };
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_verb verb = verbs[roll(chance, sizeof verbs / sizeof *verbs)];
    fettle_wishes wishes = wish(chance, self->desk, fettle_sim_path(self->sim, 0));
    self->job = fettle_job_new(context, verb, image, &wishes, &err);
    if (self->job == NULL) {
        self->tally->refused++;
        check_error(self, &err);
        return;
    }
    if (roll(chance, 3) == 0) {
        self->cancel_at = 1 + roll(chance, roll(chance, 2) == 0 ? 6 : 150);
    }
    if (roll(chance, 4) == 0) {
        self->order.is_traced = true;
        fettle_job_trace(self->job);
    }
    if (roll(chance, 20) == 0) { /* before it begins */
        self->tally->cancels++;
        want_cancel(self->canceller, self->job);
    }
    bool is_ok = fettle_job_run(self->job, on_event, self, &err);
    wait_for_cancel(self->canceller);
    check_result(self, is_ok, &err);
    fettle_job_free(self->job);
}

static void sit_down(struct tally *tally, struct canceller *canceller, uint64_t seed,
                     unsigned number)
{
    struct desk *desk = calloc(1, sizeof *desk);
    char message[200];
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_sim *sim = fettle_sim_new(NULL, NULL);
    fettle_context *context = fettle_context_new(&err);
    if (desk == NULL || sim == NULL || context == NULL) {
        abort();
    }
    lay_out(desk, seed, number);
    struct sitting self = {
        .desk = desk, .tally = tally, .canceller = canceller, .sim = sim};
    fettle_context_set_clock(context, fettle_sim_clock_ops(sim),
                             fettle_sim_clock_self(sim));
    fettle_image *image = fettle_image_from_bytes(
        "random.dfu", (fettle_span){desk->file, desk->size + SUFFIX_SIZE}, 0, &err);
    tally->jobs++;
    if (!fettle_sim_add(sim, desk->spec, message, sizeof message) || image == NULL ||
        !fettle_context_add_bus(context, &fettle_sim_bus_ops, sim, &err)) {
        complain(&self, image != NULL ? message : err.message);
    } else {
        run_job(&self, context, image, &desk->chance);
    }
    fettle_image_free(image);
    fettle_context_free(context);
    fettle_sim_free(sim);
    free(desk);
}

/* ---- all of them ---- */

struct worker {
    pthread_t thread;
    struct tally tally;
    uint64_t seed;
    unsigned first, jobs;
};

static void *work(void *user)
{
    struct worker *self = user;
    struct canceller canceller;
    if (!start_canceller(&canceller)) {
        abort();
    }
    for (unsigned number = self->first; number < self->jobs; number += THREADS) {
        sit_down(&self->tally, &canceller, self->seed, number);
    }
    stop_canceller(&canceller);
    return NULL;
}

static void add(struct tally *sum, const struct tally *tally)
{
    sum->jobs += tally->jobs;
    sum->refused += tally->refused;
    sum->cancels += tally->cancels;
    sum->events += tally->events;
    for (size_t i = 0; i < OUTCOMES; i++) {
        sum->outcomes[i] += tally->outcomes[i];
    }
    if (sum->problems == 0) {
        memcpy(sum->problem, tally->problem, sizeof sum->problem);
    }
    sum->problems += tally->problems;
}

static struct tally run_all(uint64_t seed, unsigned jobs)
{
    static struct worker workers[THREADS];
    struct tally sum = {.jobs = 0};
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].first = i;
        workers[i].seed = seed;
        workers[i].jobs = jobs;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            abort();
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        add(&sum, &workers[i].tally);
    }
    return sum;
}

/* ---- the process around them ---- */

static FILE *open_file(void)
{
    FILE *file = tmpfile();
    if (file == NULL) {
        perror("a temporary file");
        exit(1);
    }
    return file;
}

/* In a process of its own: 1 and 2 are the files. Ends as main() would, so that leaks are looked for. */
static int run_inside(FILE *out, FILE *err, FILE *told, uint64_t seed, unsigned jobs)
{
    if (dup2(fileno(out), STDOUT_FILENO) < 0 || dup2(fileno(err), STDERR_FILENO) < 0) {
        return 1;
    }
    struct tally sum = run_all(seed, jobs);
    bool is_told = fwrite(&sum, sizeof sum, 1, told) == 1;
    (void)fclose(told);
    (void)fclose(out);
    (void)fclose(err);
    return is_told ? 0 : 1;
}

/* Shows what should not be there; returns whether there is any. */
static bool is_empty(FILE *file)
{
    char line[300];
    bool is_any = false;
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        is_any = true;
        (void)printf("# %s%s", line, strchr(line, '\n') != NULL ? "" : "\n");
    }
    (void)fclose(file);
    return !is_any;
}

static void report(unsigned number, bool holds, const char *what, int *failures)
{
    *failures += !holds;
    (void)printf("%sok %u - %s\n", holds ? "" : "not ", number, what);
}

static void print_counts(const struct tally *sum, uint64_t seed)
{
    (void)printf("# seed %llu: %u jobs, %u refused by themselves, %u cancels, %u events\n",
                 (unsigned long long)seed, sum->jobs, sum->refused, sum->cancels,
                 sum->events);
    (void)printf("# outcomes:");
    for (int i = 0; i < OUTCOMES; i++) {
        if (sum->outcomes[i] > 0) {
            (void)printf(" %s %u", fettle_outcome_name((fettle_result_outcome)i),
                         sum->outcomes[i]);
        }
    }
    (void)printf("\n");
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : SEED;
    unsigned jobs = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : JOBS;
    FILE *out = open_file(), *err = open_file(), *told = open_file();
    struct tally sum = {.jobs = 0};
    int status = 1, failures = 0;

    pid_t child = fork();
    if (child == 0) {
        return run_inside(out, err, told, seed, jobs);
    }
    bool has_ended = child > 0 && waitpid(child, &status, 0) == child &&
                     WIFEXITED(status) && WEXITSTATUS(status) == 0;
    rewind(told);
    bool is_told = fread(&sum, sizeof sum, 1, told) == 1;
    (void)fclose(told);
    if (sum.problems > 0) {
        (void)printf("# %u, the first: %.199s\n", sum.problems, sum.problem);
    }
    report(1, has_ended && is_told && sum.jobs == jobs, "all jobs come to an end",
           &failures);
    report(2, is_told && sum.problems == 0, "each says what is so", &failures);
    report(3, is_empty(out), "nothing on stdout", &failures);
    report(4, is_empty(err), "nothing on stderr", &failures);
    print_counts(&sum, seed);
    (void)printf("1..4\n");
    return failures == 0 ? 0 : 1;
}
