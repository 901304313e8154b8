/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fettle udev-rules`: prints the rule that lets people open their boards, or installs it and proves that
 * it works. The proof is the node of each board that is plugged in; where none is, what the rules of this
 * computer would make of the next one. Last comes what is left to do for the person who typed sudo.
 */
#include "call.h"
#include "failure.h"
#include "object.h"
#include "system_udev.h"

#include <stdlib.h>
#include <string.h>

#define GROUP "plugdev" /* as in the rule */

enum {
    NODES_MAX = 32,
};

typedef struct board_node {
    cli_usb_node node;
    char name[FETTLE_TEXT_SIZE];
    bool is_open; /* to others than root */
} board_node;

typedef struct report {
    const char *path; /* of the rule file */
    bool was_changed;
    board_node nodes[NODES_MAX];
    size_t node_count;
    fettle_access_facts next;
    bool knows_next;
    cli_person person;
    bool has_person, has_group;
} report;

/* ---- the text ---- */

/* To be freed; NULL: no memory. */
static char *make_rules(size_t *size)
{
    *size = fettle_udev_rules(NULL, 0);
    char *text = malloc(*size + 1);
    if (text != NULL) {
        (void)fettle_udev_rules(text, *size + 1);
    }
    return text;
}

static int print_rules(const cli_call *call, const char *text)
{
    if (!call->args->json) {
        fputs(text, stdout);
        return 0;
    }
    cli_json json = {.out = stdout};
    cli_object_begin(&json, call, true);
    cli_object_add_error(&json, NULL, false);
    cli_json_text(&json, "file", CLI_RULES_PATH);
    cli_json_truth(&json, "changed", false);
    cli_json_text(&json, "rules", text);
    cli_object_end(&json);
    return 0;
}

/* ---- what came of it ---- */

static bool is_id(fettle_usb_id a, fettle_usb_id b)
{
    return a.vendor == b.vendor && a.product == b.product;
}

/* Is it a board that the rule is for? */
static bool name_board(const cli_usb_node *node, char *buf, size_t size)
{
    fettle_known_board board;
    for (size_t i = 0; fettle_known_board_at(i, &board); i++) {
        if (is_id(node->id, board.app) || is_id(node->id, board.update)) {
            snprintf(buf, size, "%s", board.name);
            return true;
        }
    }
    snprintf(buf, size, "a device in update mode");
    return node->is_dfu_mode;
}

static void take_node(void *user, const cli_usb_node *node)
{
    enum { READ_WRITE = 06, OF_GROUP = 3 };
    report *r = user;
    board_node *board = &r->nodes[r->node_count];
    if (r->node_count == NODES_MAX || !name_board(node, board->name, sizeof board->name)) {
        return;
    }
    bool to_group = (node->mode >> OF_GROUP & READ_WRITE) == READ_WRITE && node->gid != 0;
    board->node = *node;
    board->is_open = node->is_there && (to_group || node->acl_users > 0 ||
                                        (node->mode & READ_WRITE) == READ_WRITE);
    r->node_count++;
}

/* Nobody is let in where there is neither a seat nor the group; then its mode shows that it was obeyed. */
static bool was_obeyed(const board_node *board)
{
    return board->is_open || (board->node.is_there && (board->node.mode & 0777) == 0660);
}

static void look(report *r)
{
    fettle_known_board board;
    cli_system_list_usb_nodes(take_node, r);
    if (fettle_known_board_at(0, &board)) {
        (void)fettle_foresee_access(board.update, true, &r->next);
        r->knows_next = r->next.mode != 0;
    }
    r->has_group = cli_system_has_group(GROUP);
    r->has_person = cli_system_person(&r->person, GROUP);
}

static const board_node *first_not_obeyed(const report *r)
{
    for (size_t i = 0; i < r->node_count; i++) {
        if (!was_obeyed(&r->nodes[i])) {
            return &r->nodes[i];
        }
    }
    return NULL;
}

/* ---- for people ---- */

static void say(const cli_paper *paper, const char *text)
{
    cli_text_wrap(paper, "", "  ", text);
}

static const char *opens_to(const board_node *board)
{
    if (!board->node.is_there) {
        return "and isn't there";
    }
    if (!board->is_open) {
        return "open to root only";
    }
    return board->node.acl_users > 0 ? "open to the person at the screen, too"
                                     : "open to this group";
}

static void say_nodes(const cli_paper *paper, const report *r)
{
    char line[512];
    for (size_t i = 0; i < r->node_count; i++) {
        const board_node *board = &r->nodes[i];
        const cli_usb_node *node = &board->node;
        snprintf(line, sizeof line,
                 "%s on usb:%s: its node %s has mode %04o, owner %s, group %s; %s.",
                 board->name, node->port, node->path, node->mode, node->owner, node->group,
                 opens_to(board));
        say(paper, line);
    }
}

static void say_next(const cli_paper *paper, const report *r)
{
    char line[512];
    if (r->node_count > 0) {
        return;
    }
    if (!r->knows_next) {
        say(paper,
            "No board is plugged in, and what this computer will make of the next one "
            "can't be told beforehand.");
        return;
    }
    snprintf(line, sizeof line,
             "No board is plugged in. The next one gets mode %04o and group %s%s.",
             r->next.mode, r->next.group,
             r->next.has_uaccess ? ", and the person at the screen may open it" : "");
    say(paper, line);
}

/* Who sits at the screen needs nothing more; who doesn't needs the group, and a new login. */
static void say_what_is_left(const cli_paper *paper, const report *r)
{
    char line[640];
    const cli_person *person = &r->person;
    if (!r->has_person) {
        return;
    }
    if (person->is_in_group) {
        snprintf(line, sizeof line,
                 "%s is in the group " GROUP " and may open boards; if that is new, after "
                 "logging out and in again.",
                 person->name);
        say(paper, line);
        return;
    }
    if (person->is_at_screen) {
        snprintf(line, sizeof line, "%s sits at the screen and may open boards.",
                 person->name);
        say(paper, line);
        return;
    }
    snprintf(line, sizeof line,
             "%s is not at the screen and not in the group " GROUP
             ". To open boards from elsewhere, say over SSH, log out and in again after:",
             person->name);
    say(paper, line);
    snprintf(line, sizeof line, "%ssudo usermod -aG " GROUP " %s",
             r->has_group ? "" : "sudo groupadd --system " GROUP " && ", person->name);
    cli_text_wrap(paper, "  ", "  ", line);
}

static void write_report(const cli_call *call, const report *r)
{
    cli_paper paper = cli_ui_stdout(&call->ui);
    char line[256];
    snprintf(line, sizeof line,
             r->was_changed ? "Wrote %s, and udev has read it."
                            : "%s was there already; udev has read it again.",
             r->path);
    say(&paper, line);
    say_nodes(&paper, r);
    say_next(&paper, r);
    say_what_is_left(&paper, r);
}

/* ---- for programs ---- */

static void add_nodes(cli_json *json, const report *r)
{
    char text[16];
    cli_json_open_array(json, "nodes");
    for (size_t i = 0; i < r->node_count; i++) {
        const cli_usb_node *node = &r->nodes[i].node;
        cli_json_open_object(json, NULL);
        cli_json_text(json, "name", r->nodes[i].name);
        snprintf(text, sizeof text, "%04x:%04x", (unsigned)node->id.vendor,
                 (unsigned)node->id.product);
        cli_json_text(json, "id", text);
        cli_json_text(json, "port", node->port);
        cli_json_text(json, "node", node->path);
        snprintf(text, sizeof text, "%04o", node->mode);
        cli_json_text(json, "mode", text);
        cli_json_text(json, "owner", node->owner);
        cli_json_text(json, "group", node->group);
        cli_json_number(json, "acl_users", node->acl_users);
        cli_json_truth(json, "open", r->nodes[i].is_open);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
}

static void add_next(cli_json *json, const report *r)
{
    char text[16];
    if (!r->knows_next) {
        cli_json_null(json, "next");
        return;
    }
    cli_json_open_object(json, "next");
    snprintf(text, sizeof text, "%04o", r->next.mode);
    cli_json_text(json, "mode", text);
    cli_json_text(json, "group", r->next.group);
    cli_json_truth(json, "at_screen", r->next.has_uaccess);
    cli_json_close_object(json);
}

static void add_person(cli_json *json, const report *r)
{
    if (!r->has_person) {
        cli_json_null(json, "person");
        return;
    }
    cli_json_open_object(json, "person");
    cli_json_text(json, "name", r->person.name);
    cli_json_truth(json, "in_group", r->person.is_in_group);
    cli_json_truth(json, "at_screen", r->person.is_at_screen);
    cli_json_close_object(json);
}

static void write_object(const cli_call *call, const report *r, const fettle_error *err)
{
    cli_json json = {.out = stdout};
    cli_object_begin(&json, call, err == NULL);
    cli_object_add_error(&json, err, call->ui.verbose > 0);
    cli_json_text(&json, "file", r->path);
    cli_json_truth(&json, "changed", r->was_changed);
    add_nodes(&json, r);
    add_next(&json, r);
    add_person(&json, r);
    cli_object_end(&json);
}

/* ---- installing ---- */

/* The rule is there, and something after that went wrong. */
static int end_badly(cli_call *call, const report *r, const fettle_error *err)
{
    cli_ui_failure(&call->ui, err, NULL);
    if (call->args->json) {
        write_object(call, r, err);
    }
    return fettle_code_exit_status(err->code);
}

static int obey_and_look(cli_call *call, report *r)
{
    fettle_error err;
    const char *why;
    if (!cli_system_obey_rules(&why)) {
        cli_fail(&err, FETTLE_E_SYSTEM_ERROR,
                 "%s is in place, but udev did not take it up: %s", r->path, why);
        err.hint = "Restart the computer, then plug the board in.";
        return end_badly(call, r, &err);
    }
    look(r);
    const board_node *left = first_not_obeyed(r);
    if (left != NULL) {
        cli_fail(&err, FETTLE_E_SYSTEM_ERROR,
                 "%s is in place, but %s (%s) still has mode %04o, group %s", r->path,
                 left->node.path, left->name, left->node.mode, left->node.group);
        err.hint =
            "Unplug the board and plug it in again; if that changes nothing, look for "
            "another rule that sets its mode.";
        return end_badly(call, r, &err);
    }
    if (call->args->json) {
        write_object(call, r, NULL);
    } else if (!call->args->quiet) {
        write_report(call, r);
    }
    return 0;
}

static int install(cli_call *call, const char *text, size_t size)
{
    fettle_error err;
    const char *why;
    char hint[CLI_PATH_ROOM + 64], own[CLI_PATH_ROOM];
    if (!cli_system_has_udev()) {
        cli_fail(&err, FETTLE_E_NOT_SUPPORTED,
                 "udev is Linux only: there is nothing to install");
        return cli_call_refuse(call, &err);
    }
    if (!cli_system_is_root()) {
        cli_fail(&err, FETTLE_E_USB_PERMISSION, "only root may write %s", CLI_RULES_PATH);
        snprintf(hint, sizeof hint, "Type sudo %s udev-rules --install.",
                 cli_system_own_path(own, sizeof own) ? own : "fettle");
        err.hint = hint;
        return cli_call_refuse(call, &err);
    }
    report r = {0};
    cli_rules_end end = cli_system_write_rules(text, size, &r.path, &why);
    if (end == CLI_RULES_FAILED) {
        cli_fail(&err, FETTLE_E_CANNOT_KEEP, "cannot keep %s: %s", r.path, why);
        err.hint =
            "Make that folder writable for root; or print the rule with fettle udev-rules, and "
            "put it where this system keeps its own.";
        return cli_call_refuse(call, &err);
    }
    r.was_changed = end == CLI_RULES_WRITTEN;
    return obey_and_look(call, &r);
}

int cli_udev_rules(cli_call *call)
{
    fettle_error err;
    size_t size;
    char *text = make_rules(&size);
    if (text == NULL) {
        cli_fail(&err, FETTLE_E_NO_MEMORY, "no memory for the rule");
        return cli_call_refuse(call, &err);
    }
    int status = call->args->install ? install(call, text, size) : print_rules(call, text);
    free(text);
    return status;
}
