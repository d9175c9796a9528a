/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices of the KVM engine's PC, as ACPI 6.4 sections 5.5 to 7 would have them told: power-off, one serial
 * port, and a clock that raises no interrupt. There is no PCI and no keyboard controller. S5 is the only
 * sleep state, with the number that QEMU's pc has.
 */
DefinitionBlock("", "DSDT", 2, "ZEROPG", "ZEROPAGE", 1)
{
    Name(\_S5, Package() { 0x00, 0x00, 0x00, 0x00 })

    Scope(\_SB)
    {
        Device(COM1)
        {
            Name(_HID, EisaId("PNP0501"))
            Name(_UID, 1)
            Name(_CRS, ResourceTemplate() {
                IO(Decode16, 0x03F8, 0x03F8, 0x00, 0x08)
                IRQNoFlags() { 4 }
            })
        }

        Device(RTC)
        {
            Name(_HID, EisaId("PNP0B00"))
            Name(_CRS, ResourceTemplate() {
                IO(Decode16, 0x0070, 0x0070, 0x01, 0x02)
            })
        }
    }
}
