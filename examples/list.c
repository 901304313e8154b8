/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is there, and what to do next:
 *
 *     cc list.c -o list $(pkg-config --cflags --libs fettle)
 *     ./list
 *
 * Also compiles as C++. Look at docs/library.md for the ideas.
 */
#include <fettle/fettle.h>

#include <stdio.h>

enum {
    BOARDS_MAX = 64,
};

int main(void)
{
    static fettle_board_view boards[BOARDS_MAX];
    fettle_error err;

    fettle_context *context = fettle_context_new(&err);
    if (context == NULL || !fettle_context_add_usb(context, &err)) {
        fprintf(stderr, "list: %s\n", err.message);
        fettle_context_free(context);
        return fettle_code_exit_status(err.code);
    }

    /* Talks to no device. Names and serials are escaped already, fit for a terminal. */
    size_t count = fettle_boards_look(context, false, boards, BOARDS_MAX, NULL);
    for (size_t i = 0; i < count && i < BOARDS_MAX; i++) {
        const fettle_board_view *board = &boards[i];
        printf("%s on %s: %s, %s\n", board->name, board->path,
               fettle_mode_name(board->mode), board->state_text);
        printf("  %s\n", board->next);
    }
    if (count == 0) {
        printf("no board is there\n");
    }
    fettle_context_free(context);

    /* The boards that have a row in a table, there or not. */
    printf("\nknown by name:");
    fettle_known_board known;
    for (size_t i = 0; fettle_known_board_at(i, &known); i++) {
        printf("%s %s", i > 0 ? "," : "", known.name);
    }
    printf("\n");
    return 0;
}
