/* SPDX-License-Identifier: Apache-2.0 */
/* What other programs say when an update goes wrong, and what fettle calls that. */
#ifndef FETTLE_CLI_FOREIGN_H
#define FETTLE_CLI_FOREIGN_H

typedef struct cli_foreign {
    const char *said;  /* the part of their message that doesn't change */
    const char *slug;  /* of the failure or note of ours that tells more; NULL: none */
    const char *words; /* what it means, a paragraph */
} cli_foreign;

/* One by one; `said` is NULL at the end. The more special come first. */
extern const cli_foreign cli_foreign_messages[];

#endif
