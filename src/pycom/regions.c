/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three tables: regions, countries, modules. Countries stand here only where the band is harmonised or written in the country's own
 * rules, and where networks agree on one plan (or are known to be split, which makes a question). In Europe 433 MHz is free as well;
 * no public network uses it, so it is mentioned and not asked about.
 */
#include "pycom/regions.h"

#include "base/text.h"
#include "pycom/package.h"

#include <string.h>

enum {
    AS923,
    AU915,
    CN470,
    CN779,
    EU433,
    EU868,
    KR920,
    IN865,
    US915,
    US915_HYBRID,
};

static const char *const region_names[FETTLE_PYCOM_REGIONS] = {
    [AS923] = "AS923", [AU915] = "AU915",
    [CN470] = "CN470", [CN779] = "CN779",
    [EU433] = "EU433", [EU868] = "EU868",
    [KR920] = "KR920", [IN865] = "IN865",
    [US915] = "US915", [US915_HYBRID] = "US915_HYBRID",
};

const char fettle_pycom_region_list[] =
    "AS923, AU915, CN470, CN779, EU433, EU868, KR920, IN865, US915, US915_HYBRID";

/* Case doesn't matter, and neither does what stands between words. */
static char plain(char character)
{
    if (character >= 'a' && character <= 'z') {
        return (char)(character - 'a' + 'A');
    }
    return character == '-' || character == ' ' ? '_' : character;
}

static bool is_same_name(const char *a, const char *b)
{
    while (*a != '\0' && plain(*a) == plain(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

bool fettle_pycom_region_of(const char *name, uint8_t *value)
{
    for (unsigned i = 0; i < FETTLE_PYCOM_REGIONS; i++) {
        if (is_same_name(region_names[i], name)) {
            *value = (uint8_t)i;
            return true;
        }
    }
    return false;
}

const char *fettle_pycom_region_name(uint8_t value)
{
    return value < FETTLE_PYCOM_REGIONS ? region_names[value] : NULL;
}

bool fettle_pycom_band_has(const char *band, uint8_t value)
{
    if (fettle_text_is_equal(band, "868")) {
        return value == EU868 || value == IN865;
    }
    if (fettle_text_is_equal(band, "915")) {
        return value == US915 || value == US915_HYBRID || value == AU915 || value == AS923;
    }
    return true;
}

/* ---- countries ---- */

#define BIT(region) (UINT32_C(1) << (region))
#define SRD_860     "863-870 MHz"
#define AND_433     "; 433 MHz is free there too, but no public network uses it"
#define EUROPE(n, c)                       \
    {                                      \
        n, c, BIT(EU868), SRD_860, AND_433 \
    }

static const struct country {
    const char *name, *letters;
    uint32_t regions; /* bits; none: what is used there is none of the ten */
    const char *band;
    const char *remark; /* behind the reason, or "" */
} countries[] = {
    /* Decision 2006/771/EC and its amendments, which the EEA has taken over */
    EUROPE("Austria", "AT"),
    EUROPE("Belgium", "BE"),
    EUROPE("Bulgaria", "BG"),
    EUROPE("Croatia", "HR"),
    EUROPE("Cyprus", "CY"),
    EUROPE("Czechia", "CZ"),
    EUROPE("Czech Republic", "CZ"),
    EUROPE("Denmark", "DK"),
    EUROPE("Estonia", "EE"),
    EUROPE("Finland", "FI"),
    EUROPE("France", "FR"),
    EUROPE("Germany", "DE"),
    EUROPE("Greece", "GR"),
    EUROPE("Hungary", "HU"),
    EUROPE("Iceland", "IS"),
    EUROPE("Ireland", "IE"),
    EUROPE("Italy", "IT"),
    EUROPE("Latvia", "LV"),
    EUROPE("Liechtenstein", "LI"),
    EUROPE("Lithuania", "LT"),
    EUROPE("Luxembourg", "LU"),
    EUROPE("Malta", "MT"),
    EUROPE("Netherlands", "NL"),
    EUROPE("the Netherlands", "NL"),
    EUROPE("Norway", "NO"),
    EUROPE("Poland", "PL"),
    EUROPE("Portugal", "PT"),
    EUROPE("Romania", "RO"),
    EUROPE("Slovakia", "SK"),
    EUROPE("Slovenia", "SI"),
    EUROPE("Spain", "ES"),
    EUROPE("Sweden", "SE"),
    /* CEPT's recommendation 70-03, put into their own rules */
    EUROPE("Switzerland", "CH"),
    EUROPE("United Kingdom", "GB"),
    EUROPE("UK", "GB"),
    EUROPE("Great Britain", "GB"),
    {"South Africa", "ZA", BIT(EU868), "865-868 MHz", ""},
    {"India", "IN", BIT(IN865), "865-867 MHz", ""},
    {"South Korea", "KR", BIT(KR920), "920-923 MHz", ""},
    {"Korea", "KR", BIT(KR920), "920-923 MHz", ""},
    {"Japan", "JP", BIT(AS923), "920-928 MHz", ""},
    {"Singapore", "SG", BIT(AS923), "920-925 MHz", ""},
    {"Malaysia", "MY", BIT(AS923), "919-924 MHz", ""},
    {"Thailand", "TH", BIT(AS923), "920-925 MHz", ""},
    {"Taiwan", "TW", BIT(AS923), "920-925 MHz", ""},
    {"Hong Kong", "HK", BIT(AS923), "920-925 MHz", ""},
    {"China", "CN", BIT(CN470), "470-510 MHz", ""},
    {"Brazil", "BR", BIT(AU915), "915-928 MHz", ""},
    {"Argentina", "AR", BIT(AU915), "915-928 MHz", ""},
    {"Chile", "CL", BIT(AU915), "915-928 MHz", ""},
    {"Canada", "CA", BIT(US915), "902-928 MHz", ""},
    {"Mexico", "MX", BIT(US915), "902-928 MHz", ""},
    {"United States", "US", BIT(US915), "902-928 MHz", ""},
    {"United States of America", "US", BIT(US915), "902-928 MHz", ""},
    {"USA", "US", BIT(US915), "902-928 MHz", ""},
    /* networks of both kinds are on the air */
    {"Australia", "AU", BIT(AU915) | BIT(AS923), "915-928 MHz", ""},
    {"New Zealand", "NZ", BIT(AU915) | BIT(AS923), "915-928 MHz", ""},
    /* the plan RU864 came after this firmware's list */
    {"Russia", "RU", 0, "864-870 MHz (RU864)", ""},
};

enum { COUNTRIES = sizeof countries / sizeof *countries };

static const struct country *find_country(const char *name)
{
    for (size_t i = 0; i < COUNTRIES; i++) {
        if (is_same_name(countries[i].name, name) ||
            is_same_name(countries[i].letters, name)) {
            return &countries[i];
        }
    }
    return NULL;
}

/* "AS923 or AU915" */
static void append_regions(char *text, size_t size, uint32_t regions, const char *joint)
{
    bool is_first = true;
    for (unsigned i = 0; i < FETTLE_PYCOM_REGIONS; i++) {
        if ((regions & BIT(i)) != 0) {
            fettle_text_append(text, size, is_first ? "" : joint);
            fettle_text_append(text, size, region_names[i]);
            is_first = false;
        }
    }
}

static bool is_one(uint32_t regions)
{
    return (regions & (regions - 1)) == 0;
}

static uint8_t first_of(uint32_t regions)
{
    uint8_t region = 0;
    while ((regions & BIT(region)) == 0) {
        region++;
    }
    return region;
}

static fettle_pycom_country explain_unknown(const char *country, char *text, size_t size)
{
    char name[64] = "";
    (void)fettle_text_append_escaped(name, sizeof name, country);
    fettle_text_append(text, size, name);
    fettle_text_append(text, size,
                       ": no region is on record for it; ask your network or the radio "
                       "authority, and name the region with --region: ");
    fettle_text_append(text, size, fettle_pycom_region_list);
    return FETTLE_PYCOM_COUNTRY_UNKNOWN;
}

static fettle_pycom_country explain_none(const struct country *row, char *text, size_t size)
{
    fettle_text_append(text, size, row->name);
    fettle_text_append(text, size, ": ");
    fettle_text_append(text, size, row->band);
    fettle_text_append(text, size, ", which is none of the regions that this firmware has");
    return FETTLE_PYCOM_COUNTRY_NONE;
}

static fettle_pycom_country ask_which(const struct country *row, char *text, size_t size)
{
    fettle_text_append(text, size, "Which region does your network in ");
    fettle_text_append(text, size, row->name);
    fettle_text_append(text, size, " use: ");
    append_regions(text, size, row->regions, " or ");
    fettle_text_append(text, size, "?");
    return FETTLE_PYCOM_COUNTRY_SEVERAL;
}

fettle_pycom_country fettle_pycom_region_of_country(const char *country, uint8_t *value,
                                                    char *text, size_t size)
{
    const struct country *row = find_country(country);
    text[0] = '\0';
    if (row == NULL) {
        return explain_unknown(country, text, size);
    }
    if (row->regions == 0) {
        return explain_none(row, text, size);
    }
    if (!is_one(row->regions)) {
        return ask_which(row, text, size);
    }
    *value = first_of(row->regions);
    fettle_text_append(text, size, row->name);
    fettle_text_append(text, size, ": ");
    fettle_text_append(text, size, row->band);
    fettle_text_append(text, size, ", so ");
    fettle_text_append(text, size, region_names[*value]);
    fettle_text_append(text, size, row->remark);
    return FETTLE_PYCOM_COUNTRY_ONE;
}

/* ---- modules ---- */

/* What published firmware takes; KR920, CN779 and US915_HYBRID have a number and no firmware. */
#define TAKEN (BIT(AS923) | BIT(AU915) | BIT(EU868) | BIT(US915) | BIT(IN865))
/* The SX1272 begins at 860 MHz; only the LoPy4's SX1276 reaches below. */
#define LOW   (BIT(CN470) | BIT(CN779) | BIT(EU433))
#define ALL   (BIT(FETTLE_PYCOM_REGIONS) - 1)

static const struct module {
    const char *name;
    uint32_t reached; /* bits: what its radio can do; 0: it has none for LoRa */
    uint32_t taken;   /* bits: what its firmware takes */
} modules[] = {
    {"WiPy", 0, 0},
    {"WiPy2", 0, 0},
    {"WiPy 2.0", 0, 0},
    {"WiPy3", 0, 0},
    {"WiPy 3.0", 0, 0},
    {"W01", 0, 0},
    {"SiPy", 0, 0},
    {"GPy", 0, 0},
    {"G01", 0, 0},
    {"LoPy", ALL & ~LOW, TAKEN},
    {"L01", ALL & ~LOW, TAKEN},
    {"LoPy4", ALL, TAKEN | BIT(EU433) | BIT(CN470)},
    {"L04", ALL, TAKEN | BIT(EU433) | BIT(CN470)},
    {"FiPy", ALL & ~LOW, TAKEN},
};

static const struct module *find_module(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof modules / sizeof *modules; i++) {
        if (is_same_name(modules[i].name, name)) {
            return &modules[i];
        }
    }
    return NULL;
}

bool fettle_pycom_has_lora(const char *module)
{
    const struct module *row = find_module(module);
    return row != NULL && row->reached != 0;
}

/* Sigfox has no region to be set. */
bool fettle_pycom_has_no_ids(const char *module)
{
    const struct module *row = find_module(module);
    return row != NULL && row->reached == 0 && !is_same_name(row->name, "SiPy");
}

bool fettle_pycom_region_is_taken(const char *module, uint8_t value)
{
    const struct module *row = find_module(module);
    uint32_t taken = row != NULL ? row->taken : TAKEN | BIT(EU433) | BIT(CN470);
    return value < FETTLE_PYCOM_REGIONS && (taken & BIT(value)) != 0;
}

static bool refuse(fettle_error *err, const char *text)
{
    fettle_error_set(err, FETTLE_E_REGION_NOT_HERE, &(fettle_words){.text = text});
    return false;
}

bool fettle_pycom_region_check(const char *module, uint8_t value, fettle_error *err)
{
    char text[FETTLE_PYCOM_REGION_TEXT_SIZE] = "";
    const struct module *row = find_module(module);
    if (value >= FETTLE_PYCOM_REGIONS) {
        fettle_text_append(text, sizeof text, "there is no such LoRa region; there are ");
        fettle_text_append(text, sizeof text, fettle_pycom_region_list);
        return refuse(err, text);
    }
    if (row == NULL || (row->reached & BIT(value)) != 0) {
        return true;
    }
    fettle_text_append(text, sizeof text, "a ");
    fettle_text_append(text, sizeof text, row->name);
    if (row->reached == 0) {
        fettle_text_append(text, sizeof text, " has no LoRa radio, so no region either");
        return refuse(err, text);
    }
    fettle_text_append(text, sizeof text, "'s radio does not reach ");
    fettle_text_append(text, sizeof text, region_names[value]);
    fettle_text_append(text, sizeof text, "; it has ");
    append_regions(text, sizeof text, row->taken, ", ");
    return refuse(err, text);
}

bool fettle_pycom_check_region(const fettle_image *image, const char *name,
                               const char *region, fettle_error *err)
{
    uint8_t value;
    char text[FETTLE_PYCOM_REGION_TEXT_SIZE] =
        "there is no LoRa region of that name; there are ";
    const fettle_pycom_package *package = image != NULL ? image->package : NULL;
    const char *of_file =
        package != NULL && package->family != NULL ? package->family->word : NULL;
    if (!fettle_pycom_region_of(region, &value)) {
        fettle_text_append(text, sizeof text, fettle_pycom_region_list);
        fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = text});
        return false;
    }
    return fettle_pycom_region_check(of_file, value, err) &&
           fettle_pycom_region_check(name, value, err);
}
