/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices of QEMU's pc (i440FX and PIIX3), as ACPI 6.4 sections 5.5 to 7 would have them told: power-off,
 * the PCI host bridge with its windows and interrupt routing, serial port, real-time clock, keyboard.
 * PCIS and PCIL are patched when the table is put together: start and last byte of the 32-bit PCI window.
 */
DefinitionBlock("", "DSDT", 2, "ZEROPG", "ZEROPAGE", 1)
{
    Name(\_S5, Package() { 0x00, 0x00, 0x00, 0x00 }) /* PIIX4: SUS_TYP 0 is soft off */

    Name(PCIS, 0xE0000000)
    Name(PCIL, 0xFEBFFFFF)

    Scope(\_SB)
    {
        Device(PCI0)
        {
            Name(_HID, EisaId("PNP0A03"))
            Name(_UID, 0)

            /* The window comes first, so that its minimum, maximum and length stand at 0x0A, 0x0E, 0x16. */
            Name(CRES, ResourceTemplate() {
                DWordMemory(ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0, 0xE0000000, 0xFEBFFFFF, 0, 0x1EC00000)
                WordBusNumber(ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0, 0x0000, 0x00FF, 0, 0x0100)
                IO(Decode16, 0x0CF8, 0x0CF8, 0x01, 0x08)
                WordIO(ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0, 0x0000, 0x0CF7, 0, 0x0CF8)
                WordIO(ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0, 0x0D00, 0xFFFF, 0, 0xF300)
                DWordMemory(ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,
                    0, 0x000A0000, 0x000BFFFF, 0, 0x00020000)
            })
            Method(_CRS, 0, Serialized)
            {
                CreateDWordField(CRES, 0x0A, WMIN)
                CreateDWordField(CRES, 0x0E, WMAX)
                CreateDWordField(CRES, 0x16, WLEN)
                WMIN = PCIS
                WMAX = PCIL
                WLEN = PCIL - PCIS + 1
                Return (CRES)
            }

            /* Pin p (0 is INTA) of slot s goes to PIRQ (s + p - 1) modulo 4. */
            Method(_PRT, 0, Serialized)
            {
                Local0 = Package(128) {}
                For (Local1 = 0, Local1 < 128, Local1++)
                {
                    Local2 = Local1 >> 2
                    Local3 = (Local1 + Local2 + 3) & 3
                    If (Local3 == 0) {
                        Local4 = Package(4) { 0, 0, LNKA, 0 }
                    } ElseIf (Local3 == 1) {
                        Local4 = Package(4) { 0, 0, LNKB, 0 }
                    } ElseIf (Local3 == 2) {
                        Local4 = Package(4) { 0, 0, LNKC, 0 }
                    } Else {
                        Local4 = Package(4) { 0, 0, LNKD, 0 }
                    }
                    Local4[0] = (Local2 << 16) | 0xFFFF
                    Local4[1] = Local1 & 3
                    Local0[Local1] = Local4
                }
                Return (Local0)
            }

            /* The PIIX3, whose PIRQ registers route the four lines; bit 7 turns one off. */
            Device(ISA)
            {
                Name(_ADR, 0x00010000)
                OperationRegion(ROUT, PCI_Config, 0x60, 0x04)
                Field(ROUT, ByteAcc, NoLock, Preserve)
                {
                    PRQA, 8, PRQB, 8, PRQC, 8, PRQD, 8
                }

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
                        IRQNoFlags() { 8 }
                    })
                }

                Device(KBD)
                {
                    Name(_HID, EisaId("PNP0303"))
                    Name(_CRS, ResourceTemplate() {
                        IO(Decode16, 0x0060, 0x0060, 0x01, 0x01)
                        IO(Decode16, 0x0064, 0x0064, 0x01, 0x01)
                        IRQNoFlags() { 1 }
                    })
                }

                Device(MOU)
                {
                    Name(_HID, EisaId("PNP0F13"))
                    Name(_CRS, ResourceTemplate() {
                        IRQNoFlags() { 12 }
                    })
                }
            }
        }

        /* What a link may use: QEMU drives its lines high. */
        Name(LPRS, ResourceTemplate() {
            Interrupt(ResourceConsumer, Level, ActiveHigh, Shared) { 5, 10, 11 }
        })
        Name(LCRS, ResourceTemplate() {
            Interrupt(ResourceConsumer, Level, ActiveHigh, Shared) { 10 }
        })
        CreateDWordField(LCRS, 0x05, LINT) /* the interrupt number of an extended descriptor */

        /* The setting of a PIRQ register as a resource; a line that is off has interrupt 0. */
        Method(LGET, 1, Serialized)
        {
            LINT = 0
            If (Arg0 < 0x80) {
                LINT = Arg0
            }
            Return (LCRS)
        }
        Method(LSTA, 1)
        {
            If (Arg0 < 0x80) {
                Return (0x0B)
            }
            Return (0x09)
        }
        /* The interrupt that a resource asks for. */
        Method(LSET, 1, Serialized)
        {
            CreateDWordField(Arg0, 0x05, WISH)
            Return (WISH)
        }

        Device(LNKA)
        {
            Name(_HID, EisaId("PNP0C0F"))
            Name(_UID, 0)
            Method(_STA) { Return (LSTA(^^PCI0.ISA.PRQA)) }
            Method(_DIS) { ^^PCI0.ISA.PRQA |= 0x80 }
            Method(_PRS) { Return (LPRS) }
            Method(_CRS) { Return (LGET(^^PCI0.ISA.PRQA)) }
            Method(_SRS, 1) { ^^PCI0.ISA.PRQA = LSET(Arg0) }
        }
        Device(LNKB)
        {
            Name(_HID, EisaId("PNP0C0F"))
            Name(_UID, 1)
            Method(_STA) { Return (LSTA(^^PCI0.ISA.PRQB)) }
            Method(_DIS) { ^^PCI0.ISA.PRQB |= 0x80 }
            Method(_PRS) { Return (LPRS) }
            Method(_CRS) { Return (LGET(^^PCI0.ISA.PRQB)) }
            Method(_SRS, 1) { ^^PCI0.ISA.PRQB = LSET(Arg0) }
        }
        Device(LNKC)
        {
            Name(_HID, EisaId("PNP0C0F"))
            Name(_UID, 2)
            Method(_STA) { Return (LSTA(^^PCI0.ISA.PRQC)) }
            Method(_DIS) { ^^PCI0.ISA.PRQC |= 0x80 }
            Method(_PRS) { Return (LPRS) }
            Method(_CRS) { Return (LGET(^^PCI0.ISA.PRQC)) }
            Method(_SRS, 1) { ^^PCI0.ISA.PRQC = LSET(Arg0) }
        }
        Device(LNKD)
        {
            Name(_HID, EisaId("PNP0C0F"))
            Name(_UID, 3)
            Method(_STA) { Return (LSTA(^^PCI0.ISA.PRQD)) }
            Method(_DIS) { ^^PCI0.ISA.PRQD |= 0x80 }
            Method(_PRS) { Return (LPRS) }
            Method(_CRS) { Return (LGET(^^PCI0.ISA.PRQD)) }
            Method(_SRS, 1) { ^^PCI0.ISA.PRQD = LSET(Arg0) }
        }
    }
}
