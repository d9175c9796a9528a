/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI configuration space by ports. PCI Local Bus Specification 3.0, section 3.2.2.3.2. */
#ifndef ZP_FIRMWARE_BOOT_CONFIG_H
#define ZP_FIRMWARE_BOOT_CONFIG_H

#include "../port.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc

/* bus << 8 | device << 3 | function */
typedef uint16_t config_function;
#define CONFIG_FUNCTION(bus, device, function) ((config_function)((bus) << 8 | (device) << 3 | (function)))

static inline void config_at(config_function function, uint32_t offset)
{
    port_out32(CONFIG_ADDRESS, 0x80000000u | (uint32_t)function << 8 | (offset & 0xfc));
}

static inline uint32_t config_read32(config_function function, uint32_t offset)
{
    config_at(function, offset);
    return port_in32(CONFIG_DATA);
}

static inline uint16_t config_read16(config_function function, uint32_t offset)
{
    config_at(function, offset);
    return port_in16((uint16_t)(CONFIG_DATA + (offset & 2)));
}

static inline uint8_t config_read8(config_function function, uint32_t offset)
{
    config_at(function, offset);
    return port_in8((uint16_t)(CONFIG_DATA + (offset & 3)));
}

static inline void config_write32(config_function function, uint32_t offset, uint32_t value)
{
    config_at(function, offset);
    port_out32(CONFIG_DATA, value);
}

static inline void config_write16(config_function function, uint32_t offset, uint16_t value)
{
    config_at(function, offset);
    port_out16((uint16_t)(CONFIG_DATA + (offset & 2)), value);
}

static inline void config_write8(config_function function, uint32_t offset, uint8_t value)
{
    config_at(function, offset);
    port_out8((uint16_t)(CONFIG_DATA + (offset & 3)), value);
}

#endif
