/* SPDX-License-Identifier: Apache-2.0 */
/* Which region a radio needs in which country: the vendors' modules know. */
#include "api/vendors.h"
#include "base/text.h"
#include "fettle/fettle.h"

bool fettle_region_of_country(const char *country, char *region, size_t region_size,
                              char *text, size_t size)
{
    fettle_vendors vendors = fettle_vendors_all();
    text[0] = region[0] = '\0';
    fettle_text_append(text, size, "Say the region itself, with --region.");
    for (size_t i = 0; i < vendors.count; i++) {
        const fettle_module_ops *ops = vendors.list[i]->modules;
        if (ops != NULL && ops->region_of_country != NULL) {
            return ops->region_of_country(country, region, region_size, text, size);
        }
    }
    return false;
}
