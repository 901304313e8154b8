/* SPDX-License-Identifier: Apache-2.0 */
/* Small entries of the module's table: what is worth keeping, and which region a country has. */
#include "base/text.h"
#include "pycom/config.h"
#include "pycom/layout.h"
#include "pycom/regions.h"

bool fettle_pycom_is_worth_keeping(const fettle_module_look *look)
{
    fettle_span block = look->ranges[0];
    bool is_torn = look->kept.size > 0 && fettle_pycom_is_torn(block, look->kept);
    return fettle_pycom_has_credentials(block) && !is_torn;
}

/* Whoever has all of the old ones, and some besides, has lost nothing. */
bool fettle_pycom_has_others(const fettle_module_look *look)
{
    return fettle_pycom_is_worth_keeping(look) &&
           fettle_pycom_has_credentials(look->kept) &&
           fettle_pycom_lacks(look->ranges[0], look->kept) != NULL;
}

bool fettle_pycom_find_region(const char *country, char *region, size_t region_size,
                              char *text, size_t size)
{
    uint8_t value = FETTLE_PYCOM_REGION_UNSET;
    region[0] = '\0';
    if (fettle_pycom_region_of_country(country, &value, text, size) !=
        FETTLE_PYCOM_COUNTRY_ONE) {
        return false;
    }
    fettle_text_append(region, region_size, fettle_pycom_region_name(value));
    return true;
}
