/* SPDX-License-Identifier: Apache-2.0 */
/* The list of serial ports where the system has none of the kind: it stays empty. */
#include "os/serial_list.h"

bool fettle_serial_list_is_there(const fettle_serial_linux *at)
{
    (void)at;
    return false;
}

bool fettle_serial_list_look(fettle_serial_list *list, const fettle_serial_linux *at,
                             fettle_us now)
{
    (void)at;
    (void)now;
    list->has_looked = true;
    return true;
}

void fettle_serial_list_finish(fettle_serial_list *list)
{
    (void)list;
}

fettle_serial_port *fettle_serial_list_first(const fettle_serial_list *list)
{
    return list->first;
}

fettle_serial_port *fettle_serial_list_next(const fettle_serial_port *port)
{
    return port->next;
}
