/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge, clause by clause: a good report for each protocol, of which every clause is either passed or
 * does not arise, and rows that spoil one thing and expect that very clause to fail and no other "must".
 * Every clause has to be passed somewhere and failed somewhere. Reports are written with ' for ".
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include <zeropage/wire/bootparam.h>

#include "images.h"
#include "judge.h"

#define TEXT_MAX 16384

#define ACPI                                                                                           \
    "{'probe':'rsdp','told':'0xf5a20','scanned':'0xf5a20','sum':true,'revision':2,'rsdt':'0x7fe1000'," \
    "'xsdt':'0x7fe1100'}\n"                                                                            \
    "{'probe':'acpi','signature':'XSDT','address':'0x7fe1100','length':60,'revision':1,'sum':true}\n"  \
    "{'probe':'acpi','signature':'FACP','address':'0x7fe0100','length':244,'revision':5,'sum':true}\n" \
    "{'probe':'acpi','signature':'DSDT','address':'0x7fe0200','length':800,'revision':2,'sum':true}\n" \
    "{'probe':'mptable','address':'0xf5b00','table':'0xf5b10','sum':true}\n"
#define MEMORY                                                                    \
    "{'probe':'memory','index':0,'start':'0x0','size':654336,'type':1}\n"         \
    "{'probe':'memory','index':1,'start':'0x9fc00','size':1024,'type':2}\n"       \
    "{'probe':'memory','index':2,'start':'0xf0000','size':65536,'type':2}\n"      \
    "{'probe':'memory','index':3,'start':'0x100000','size':133038080,'type':1}\n" \
    "{'probe':'memory','index':4,'start':'0x7fe0000','size':131072,'type':3}\n"
#define CMDLINE                                                                                              \
    "{'probe':'cmdline','present':true,'address':'0x20000','length':19,'crc32':'0x1','text':'console=ttyS0 " \
    "quiet','terminated':true}\n"
#define MODULE "{'probe':'module','index':0,'start':'0x7f00000','size':12345,'crc32':'0x1234abcd'}\n"
#define INSIDE "{'probe':'a20','enabled':true}\n"
#define OWN                                                                                            \
    "{'probe':'touched','promise':'reserve','start':'0x1000000','size':33554432,'pages':8192,'bad':0," \
    "'first_bad':null,'through':'own'}\n"
#define FLAT_CODE                                                                                           \
    "{'base':'0x0','limit':'0xffffffff','type':11,'s':1,'dpl':0,'present':1,'l':0,'db':1,'g':1,'unusable':" \
    "0}"
#define FLAT_DATA \
    "{'base':'0x0','limit':'0xffffffff','type':3,'s':1,'dpl':0,'present':1,'l':0,'db':1,'g':1,'unusable':0}"
#define TSS \
    "{'base':'0x0','limit':'0x67','type':11,'s':0,'dpl':0,'present':1,'l':0,'db':0,'g':0,'unusable':0}"
#define SEGMENTS32                                                                                 \
    "{'probe':'segments','cs':" FLAT_CODE ",'ds':" FLAT_DATA ",'es':" FLAT_DATA ",'fs':" FLAT_DATA \
    ",'gs':" FLAT_DATA ",'ss':" FLAT_DATA ",'tr':" TSS "}\n"
#define SETUP_DATA \
    "{'probe':'setup_data','index':0,'address':'0x8000','type':9,'len':32,'crc32':'0x5','next':'0x0'}\n"
#define BOOT_PARAMS                                                                                         \
    "{'probe':'boot_params','address':'0x7000','sentinel':'0x0','acpi_rsdp_addr':'0xf5a20','e820_entries':" \
    "5,"                                                                                                    \
    "'ext_ramdisk_image':'0x0','ext_ramdisk_size':'0x0','ext_cmd_line_ptr':'0x0','cc_blob_address':'0x0',"  \
    "'screen_info':false,'efi_info':'0x0','stray':null}\n"
#define SETUP_HEADER                                                                                        \
    "{'probe':'setup_header','setup_sects':4,'boot_flag':'0xaa55','header':'0x53726448','version':'0x20f'," \
    "'type_of_loader':'0xff','loadflags':'0x1','code32_start':'0x1000000','ramdisk_image':'0x7f00000',"     \
    "'ramdisk_size':12345,'heap_end_ptr':'0x0','cmd_line_ptr':'0x20000','initrd_addr_max':'0x7fffffff',"    \
    "'kernel_alignment':'0x200000','relocatable_kernel':1,'min_alignment':21,'xloadflags':'0x3',"           \
    "'cmdline_size':2047,'hardware_subarch':0,'setup_data':'0x8000','pref_address':'0x1000000',"            \
    "'init_size':33554432}\n"

static const char linux32[] =
    "{'probe':'begin','schema':1,'seen':'inside','image':'bzimage','protocol':'linux32'}\n"
    "{'probe':'cpu','mode':'protected32','rip':'0x1000000','rflags':'0x2','rax':'0x0','rbx':'0x0','rcx':'0x0'"
    ","
    "'rdx':'0x0','rsi':'0x7000','rdi':'0x0','rbp':'0x0','rsp':'0x0','cr0':'0x11','cr2':'0x0','cr3':'0x0',"
    "'cr4':'0x0','efer':'0x0','gdt':{'base':'0x500','limit':'0x27'},'idt':{'base':'0x0','limit':'0x0'},"
    "'cs':'0x10','ds':'0x18','es':'0x18','fs':'0x18','gs':'0x18','ss':'0x18','tr':'0x20','ldtr':'0x0'}"
    "\n" SEGMENTS32
    "{'probe':'descriptors','cs':'0xcf9b000000ffff','ds':'0xcf93000000ffff','tr':'0x8b0000000067'}"
    "\n" BOOT_PARAMS SETUP_HEADER SETUP_DATA MEMORY CMDLINE MODULE ACPI INSIDE OWN
    "{'probe':'image','base':'0x1000000','linked':'0x1000000','size':20000,'crc32':'0xab','expected':'0xab',"
    "'bss_start':'0x0','bss_size':0,'bss_dirty':0,'first_dirty':null}\n";

static const char linux64[] =
    "{'probe':'begin','schema':1,'seen':'inside','image':'elf64','protocol':'linux64'}\n"
    "{'probe':'cpu','mode':'long64','rip':'0x1000000','rflags':'0x2','rax':'0x0','rbx':'0x0','rcx':'0x0',"
    "'rdx':'0x0','rsi':'0x7000','rdi':'0x0','rbp':'0x0','rsp':'0x0','cr0':'0x80000011','cr2':'0x0',"
    "'cr3':'0x9000','cr4':'0x20','efer':'0x500','gdt':{'base':'0x500','limit':'0x27'},"
    "'idt':{'base':'0x0','limit':'0x0'},'cs':'0x10','ds':'0x18','es':'0x18','fs':'0x18','gs':'0x18',"
    "'ss':'0x18','tr':'0x20','ldtr':'0x0'}\n"
    "{'probe':'segments','cs':{'base':'0x0','limit':'0xffffffff','type':11,'s':1,'dpl':0,'present':1,'l':1,"
    "'db':0,'g':1,'unusable':0},'ds':" FLAT_DATA ",'es':" FLAT_DATA ",'ss':" FLAT_DATA "}\n"
    "{'probe':'descriptors','cs':'0xaf9b000000ffff','ds':'0xcf93000000ffff','tr':'0x8b0000000067'}\n"
    "{'probe':'paging','levels':4,'tables':3,'cr3':'0x9000'}\n"
    "{'probe':'mapping','virtual':'0x0','physical':'0x0','size':65536,'writable':true,'executable':true}\n"
    "{'probe':'mapping','virtual':'0x10000','physical':'0x10000','size':2031616,'writable':true}\n"
    "{'probe':'mapping','virtual':'0x200000','physical':'0x200000','size':8587837440,'writable':true}\n"
    "{'probe':'table','at':'0x9000','level':4}\n{'probe':'table','at':'0xa000','level':3}\n" BOOT_PARAMS
        SETUP_HEADER SETUP_DATA MEMORY CMDLINE MODULE ACPI INSIDE OWN
    "{'probe':'touched','promise':'cmdline','start':'0x20000','size':20,'pages':1,'bad':0,'through':'loader'}"
    "\n"
    "{'probe':'image','base':'0x1000000','linked':'0x1000000','size':20000,'crc32':'0xab','expected':'0xab',"
    "'bss_start':'0x1010000','bss_size':65536,'bss_dirty':0,'first_dirty':null}\n";

static const char linux16[] =
    "{'probe':'begin','schema':1,'seen':'inside','image':'bzimage16','protocol':'linux16'}\n"
    "{'probe':'cpu','mode':'real16','rip':'0x0','rflags':'0x2','rax':'0x0','rbx':'0x0','rcx':'0x0','rdx':'"
    "0x0',"
    "'rsi':'0x0','rdi':'0x0','rbp':'0x0','rsp':'0xe000','cr0':'0x10','cr4':'0x0',"
    "'cs':'0x1020','ds':'0x1000','es':'0x1000','fs':'0x1000','gs':'0x1000','ss':'0x1000'}\n"
    "{'probe':'setup_header','setup_sects':4,'boot_flag':'0xaa55','header':'0x53726448','version':'0x204',"
    "'type_of_loader':'0xff','loadflags':'0x81','code32_start':'0x100000','ramdisk_image':'0x7f00000',"
    "'ramdisk_size':12345,'heap_end_ptr':'0xde00','cmd_line_ptr':'0x20000','initrd_addr_max':'0x7fffffff'}"
    "\n" CMDLINE MODULE ACPI INSIDE OWN
    "{'probe':'image','base':'0x100000','linked':'0x100000','size':20000,'crc32':'0xab','expected':'0xab',"
    "'bss_start':'0x0','bss_size':0,'bss_dirty':0,'first_dirty':null}\n";

#define CPU32(rax)                                                                                           \
    "{'probe':'cpu','mode':'protected32','rip':'0x200000','rflags':'0x2','rax':'" rax                        \
    "','rbx':'0x6000','rcx':'0x0','rdx':'0x0','rsi':'0x0','rdi':'0x0','rbp':'0x0','rsp':'0x0','cr0':'0x11'," \
    "'cr2':'0x0','cr3':'0x0','cr4':'0x0','efer':'0x0','gdt':{'base':'0x500','limit':'0x27'},"                \
    "'idt':{'base':'0x0','limit':'0x0'},'cs':'0x10','ds':'0x18','es':'0x18','fs':'0x18','gs':'0x18',"        \
    "'ss':'0x18','tr':'0x20','ldtr':'0x0'}\n"
#define IMAGE_2M                                                                                             \
    "{'probe':'touched','promise':'image','start':'0x200000','size':20000,'pages':5,'bad':0,'through':'own'" \
    "}\n"                                                                                                    \
    "{'probe':'image','base':'0x200000','linked':'0x200000','size':20000,'crc32':'0xab','expected':'0xab',"  \
    "'bss_start':'0x210000','bss_size':65536,'bss_dirty':0,'first_dirty':null}\n"
#define MODULE_OWN                                                                                      \
    "{'probe':'module','index':0,'start':'0x7f00000','size':12345,'crc32':'0x1234abcd','cmdline':null," \
    "'reserved':'0x0'}\n"

static const char pvh[] =
    "{'probe':'begin','schema':1,'seen':'inside','image':'pvh','protocol':'pvh'}\n" CPU32("0x0") SEGMENTS32
    "{'probe':'start_info','address':'0x6000','magic':'0x336ec578','version':1,'flags':'0x0','nr_modules':1,"
    "'modlist_paddr':'0x6040','cmdline_paddr':'0x20000','rsdp_paddr':'0xf5a20','memmap_paddr':'0x6100',"
    "'memmap_entries':5,'reserved':'0x0'}\n" MEMORY CMDLINE MODULE_OWN ACPI INSIDE IMAGE_2M;

static const char multiboot1[] =
    "{'probe':'begin','schema':1,'seen':'inside','image':'multiboot1','protocol':'multiboot1'}\n" CPU32(
        "0x2badb002") SEGMENTS32
    "{'probe':'multiboot1','address':'0x6000','flags':'0x24f','mem_lower':639,'mem_upper':129920,"
    "'boot_device':'0x80ffffff','cmdline':'0x20000','mods_count':1,'mods_addr':'0x6100','mmap_length':120,"
    "'mmap_addr':'0x6200','boot_loader_name':'0x6300'}\n" MEMORY CMDLINE MODULE_OWN ACPI INSIDE IMAGE_2M;

static const char multiboot2[] =
    "{'probe':'begin','schema':1,'seen':'inside','image':'multiboot2','protocol':'multiboot2'}\n" CPU32(
        "0x36d76289") SEGMENTS32
    "{'probe':'multiboot2','address':'0x6000','total_size':192,'reserved':'0x0'}\n"
    "{'probe':'tag','index':0,'type':4,'size':16,'at':'0x6008','mem_lower':639,'mem_upper':129920}\n"
    "{'probe':'tag','index':1,'type':6,'size':136,'at':'0x6018','entry_size':24,'entry_version':0}\n"
    "{'probe':'tag','index':2,'type':21,'size':12,'at':'0x60a0','load_base_addr':'0x200000'}\n"
    "{'probe':'tag','index':3,'type':0,'size':8,'at':'0x60b8'}\n" MEMORY CMDLINE MODULE ACPI INSIDE IMAGE_2M;

static const char efi[] =
    "{'probe':'begin','schema':1,'seen':'inside','image':'efi','protocol':'efi'}\n"
    "{'probe':'cpu','mode':'long64','rip':'0x6001000','rflags':'0x202','rax':'0x0','rbx':'0x0','rcx':'"
    "0x7654018',"
    "'rdx':'0x7abc018','rsi':'0x0','rdi':'0x0','rbp':'0x0','rsp':'0x7e8f8f8','cr0':'0x80010033',"
    "'cr3':'0x7f01000','cr4':'0x668','efer':'0xd00','gdt':{'base':'0x7e00000','limit':'0x47'},"
    "'idt':{'base':'0x7e01000','limit':'0xfff'},'cs':'0x38','ds':'0x30','es':'0x30','ss':'0x30','tr':'0x0'}\n"
    "{'probe':'segments','cs':{'base':'0x0','limit':'0xffffffff','type':11,'s':1,'dpl':0,'present':1,'l':1,"
    "'db':0,'g':1,'unusable':0}}\n"
    "{'probe':'paging','levels':4,'tables':3,'cr3':'0x7f01000'}\n"
    "{'probe':'mapping','virtual':'0x0','physical':'0x0','size':4294967296,'writable':true}\n"
    "{'probe':'efi','image_handle':'0x7654018','system_table':'0x7abc018','signature':'0x5453595320494249',"
    "'revision':'0x20046','vendor':'EDK II','table_crc':true,'tables':1,'image_base':'0x6000000',"
    "'image_size':131072,'load_options':'console=ttyS0 quiet','memory_map_size':192,'descriptor_size':48}\n"
    "{'probe':'efi_table','index':0,'guid':'8868e871-e4f1-11d3-bc22-0080c73c8881','address':'0xf5a20'}\n"
    "{'probe':'memory','index':0,'start':'0x0','size':655360,'type':1,'efi_type':7}\n"
    "{'probe':'memory','index':1,'start':'0x100000','size':99614720,'type':1,'efi_type':7}\n"
    "{'probe':'memory','index':2,'start':'0x6000000','size':131072,'type':1,'efi_type':1}\n"
    "{'probe':'memory','index':3,'start':'0x7000000','size':15728640,'type':1,'efi_type':4}\n" ACPI INSIDE
    "{'probe':'touched','promise':'image','start':'0x6000000','size':131072,'pages':32,'bad':0,'through':'"
    "own'}\n"
    "{'probe':'image','base':'0x6000000','linked':'0x0','size':20000,'crc32':'0xab','expected':'0xab',"
    "'bss_start':'0x6010000','bss_size':65536,'bss_dirty':0,'first_dirty':null}\n";

static const struct good {
    const char *protocol, *text;
} goods[] = {
    {"linux16", linux16},       {"linux32", linux32},       {"linux64", linux64}, {"pvh", pvh},
    {"multiboot1", multiboot1}, {"multiboot2", multiboot2}, {"efi", efi},
};
#define GOOD_COUNT (sizeof goods / sizeof goods[0])

static const struct zp_probe_expected_module module = {12345, 0x1234abcd};
static const struct zp_probe_expected asked = {true, "console=ttyS0 quiet", true, 1, &module};
static const struct zp_probe_expected asked_nothing = {true, "console=ttyS0 quiet", true, 0, NULL};

/* Two substitutions at most; a line goes away when its "probe" is renamed. */
struct row {
    const char *id, *protocol;
    const char *from, *to, *from2, *to2;
    enum zp_clause_verdict verdict; /* 0 is FAIL */
    bool no_module;                 /* nobody asked for one */
};

#define L16          "linux16"
#define L32          "linux32"
#define L64          "linux64"
#define MB1          "multiboot1"
#define MB2          "multiboot2"
#define HIDDEN_CS    "'limit':'0xffffffff','type':11", "'limit':'0xfffff','type':11"
#define HIDDEN_DS    "'limit':'0xffffffff','type':3", "'limit':'0xffffffff','type':1"
#define DOUBLE_RANGE "'start':'0xf0000'", "'start':'0x9fc10'"
#define MORE_RANGES  "{'probe':'cmdline'", "{'probe':'memory','more':3}\n{'probe':'cmdline'"
#define EMPTY_RANGE  "'start':'0x9fc00','size':1024", "'start':'0x9fc00','size':0"
#define HOLE_RANGE   "'start':'0xf0000','size':65536,'type':2", "'start':'0xf0000','size':65536,'type':1"
#define UNSORTED     "'start':'0xf0000'", "'start':'0x9fb00'"
#define TYPE_0       "'size':65536,'type':2", "'size':65536,'type':9"

static const struct row rows[] = {
    {"linux16.mode", L16, "real16", "long64"},
    {"linux16.interrupts", L16, "'rflags':'0x2'", "'rflags':'0x202'"},
    {"linux16.cs", L16, "'rip':'0x0'", "'rip':'0x200'", "'cs':'0x1020'", "'cs':'0x1000'"},
    {"linux16.ds", L16, "'es':'0x1000'", "'es':'0x1001'"},
    {"linux16.fs", L16, "'gs':'0x1000'", "'gs':'0x0'"},
    {"linux16.sp", L16, "'rsp':'0xe000'", "'rsp':'0xf000'"},
    {"linux16.heap", L16, "'heap_end_ptr':'0xde00'", "'heap_end_ptr':'0x0'"},
    {"linux16.can_use_heap", L16, "'loadflags':'0x81'", "'loadflags':'0x1'"},
    {"linux16.setup.place", L16, "'cs':'0x1020'", "'cs':'0x9030'", "'address':'0x20000'",
     "'address':'0x9f000'"},
    {"linux16.cmdline.place", L16, "'address':'0x20000'", "'address':'0x12000'"},
    {"linux16.low_memory", L16, "'address':'0x20000'", "'address':'0x9b000'"},
    {"linux16.heap", L16, "'version':'0x204'", "'version':'0x200'", .verdict = ZP_CLAUSE_NOT_APPLICABLE},
    {"linux32.mode", L32, "protected32", "long64"},
    {"linux32.paging", L32, "'cr0':'0x11'", "'cr0':'0x80000011'"},
    {"linux32.interrupts", L32, "'rflags':'0x2'", "'rflags':'0x202'"},
    {"linux32.cs", L32, "'cs':'0x10'", "'cs':'0x8'"},
    {"linux32.ds", L32, "'ss':'0x18'", "'ss':'0x10'"},
    {"linux32.cs.hidden", L32, HIDDEN_CS},
    {"linux32.ds.hidden", L32, HIDDEN_DS},
    {"linux32.gdt.cs", L32, "0xcf9b000000ffff", "0x8f9b000000ffff"},
    {"linux32.gdt.ds", L32, "'ds':'0xcf93000000ffff'", "'ds':null"},
    {"linux32.esi", L32, "'rsi':'0x7000'", "'rsi':'0x8000'"},
    {"linux32.zero", L32, "'rbp':'0x0'", "'rbp':'0x1'"},
    {"linux64.mode", L64, "long64", "protected32"},
    {"linux64.paging", L64, "'cr4':'0x20'", "'cr4':'0x0'"},
    {"linux64.interrupts", L64, "'rflags':'0x2'", "'rflags':'0x202'"},
    {"linux64.cs", L64, "'cs':'0x10'", "'cs':'0x38'"},
    {"linux64.ds", L64, "'es':'0x18'", "'es':'0x0'"},
    {"linux64.cs.hidden", L64, "'l':1", "'l':0"},
    {"linux64.ds.hidden", L64, HIDDEN_DS},
    {"linux64.gdt.cs", L64, "0xaf9b000000ffff", "0xcf9b000000ffff"},
    {"linux64.gdt.ds", L64, "0xcf93000000ffff", "0x0"},
    {"linux64.rsi", L64, "'rsi':'0x7000'", "'rsi':'0x8000'"},
    {"linux64.map.kernel", L64, "'size':8587837440", "'size':33554432"},
    {"linux64.map.kernel", L64, "'size':8587837440", "'size':100", "'init_size':33554432", "'init_size':0"},
    {"linux64.map.kernel", L64, "'size':8587837440", "'size':33554432", "'cr3':'0x9000'}",
     "'cr3':'0x9000','cut':true}", .verdict = ZP_CLAUSE_NOT_OBSERVABLE},
    {"linux64.map.boot_params", L64, "'virtual':'0x0'", "'virtual':'0x1000'"},
    {"linux64.map.cmdline", L64, "'size':2031616,'writable':true", "'size':2031616,'writable':false"},
    {"linux64.map.touched", L64, "'bad':0,'through':'loader'", "'bad':1,'through':'loader'"},
    {"linux.direction", L64, "'rflags':'0x2'", "'rflags':'0x402'"},
    {"linux.boot_params.sentinel", L32, "'sentinel':'0x0'", "'sentinel':'0xff'"},
    {"linux.boot_params.zero", L32, "'stray':null", "'stray':'0x1f0'"},
    {"linux.efi_info", L32, "'efi_info':'0x0'", "'efi_info':'0x1'"},
    {"linux.header.magic", L32, "'version':'0x20f'", "'version':'0x1ff'"},
    {"linux.type_of_loader", L16, "'type_of_loader':'0xff'", "'type_of_loader':'0x0'"},
    {"linux.loadflags.high", L64, "'loadflags':'0x1'", "'loadflags':'0x0'",
     .verdict = ZP_CLAUSE_NOT_APPLICABLE},
    {"linux.ext_loader_type", L32, "'type_of_loader':'0xff'",
     "'type_of_loader':'0xe1','ext_loader_type':'0x0'"},
    {"linux.ext_loader_type", L32, "'type_of_loader':'0xff'",
     "'type_of_loader':'0xe1','ext_loader_type':'0x5'", .verdict = ZP_CLAUSE_PASS},
    {"linux.loadflags.high", L32, "'loadflags':'0x1'", "'loadflags':'0x0'"},
    {"linux.hardware_subarch", L32, "'hardware_subarch':0", "'hardware_subarch':1"},
    {"linux.cmd_line_ptr", L16, "'version':'0x204'", "'version':'0x201'",
     .verdict = ZP_CLAUSE_NOT_APPLICABLE},
    {"linux.cmd_line_ptr", L64, "'cmd_line_ptr':'0x20000'", "'cmd_line_ptr':'0x0'"},
    {"linux.header.copied", L32, "'cmdline_size':2047", "'cmdline_size':2048"},
    {"linux.cmdline.size", L64, "'cmdline_size':2047", "'cmdline_size':18"},
    {"linux.code32_start", L32, "'code32_start':'0x1000000'", "'code32_start':'0x100000'"},
    {"linux.load.aligned", L32, "'kernel_alignment':'0x200000'", "'kernel_alignment':'0x2000000'"},
    {"linux.load.preferred", L64, "'pref_address':'0x1000000'", "'pref_address':'0x2000000'"},
    {"linux.load.preferred", L32, "'base':'0x1000000'", "'base':'0x100000'", "'code32_start':'0x1000000'",
     "'code32_start':'0x100000'", .verdict = ZP_CLAUSE_NOT_APPLICABLE},
    {"linux.load.fixed", L16, "'base':'0x100000'", "'base':'0x200000'"},
    {"linux.above_4g", L64, "'address':'0x20000'", "'address':'0x120000000'", "'xloadflags':'0x3'",
     "'xloadflags':'0x1'"},
    {"linux.above_4g", L64, "'address':'0x20000'", "'address':'0x120000000'", .verdict = ZP_CLAUSE_PASS},
    {"linux.setup_data.ends", L32, "'next':'0x0'", "'next':'0x8000','error':'loop'"},
    {"linux.setup_data.readable", L64, "'next':'0x0'", "'next':'0x8000','error':'unreadable'"},
    {"linux.setup_data.ends", L32, "'next':'0x0'", "'none':0,'error':'too many'",
     .verdict = ZP_CLAUSE_NOT_OBSERVABLE},
    {"linux.setup_data.readable", L32, "'next':'0x0'", "'none':0,'error':'too many'",
     .verdict = ZP_CLAUSE_NOT_OBSERVABLE},
    {"linux.setup_data.ends", L32, "'next':'0x0'", "'next':'0x0','error':'too large'",
     .verdict = ZP_CLAUSE_PASS},
    {"linux.setup_data.ends", L32, "'probe':'setup_data'", "'probe':'none'",
     .verdict = ZP_CLAUSE_NOT_OBSERVABLE},
    {"linux.boot_params.zero", L32, "'stray':null", "'error':'unreadable'",
     .verdict = ZP_CLAUSE_NOT_OBSERVABLE},
    {"linux.header.copied", L32, "'init_size':33554432", "'none':33554432",
     .verdict = ZP_CLAUSE_NOT_OBSERVABLE},
    {"linux.setup_data.indirect", L32, "'type':9,'len':32",
     "'type':2147483648,'len':24,'indirect_type':2147483648"},
    {"linux.setup_data.indirect", L32, "'type':9,'len':32", "'type':2147483648,'len':24,'indirect_type':9"},
    {"linux.setup_data.indirect", L64, "'type':9,'len':32", "'type':2147483648,'len':16"},
    {"linux.setup_data.indirect", L64, "'type':9,'len':32",
     "'type':2147483648,'len':24,'indirect_type':2147483657", .verdict = ZP_CLAUSE_PASS},
    {"linux.setup_data.types", L32, "'type':9,'len':32", "'type':77,'len':32"},
    {"pvh.mode", "pvh", "protected32", "real16"},
    {"pvh.cr0", "pvh", "'cr0':'0x11'", "'cr0':'0x80000011'"},
    {"pvh.cr4", "pvh", "'cr4':'0x0'", "'cr4':'0x20'"},
    {"pvh.vm", "pvh", "'rflags':'0x2'", "'rflags':'0x20002'"},
    {"pvh.interrupts", "pvh", "'rflags':'0x2'", "'rflags':'0x202'"},
    {"pvh.trap", "pvh", "'rflags':'0x2'", "'rflags':'0x102'"},
    {"pvh.cs", "pvh", HIDDEN_CS},
    {"pvh.ds", "pvh", HIDDEN_DS},
    {"pvh.ss", "pvh", "'ss':{'base':'0x0'", "'ss':{'base':'0x10'"},
    {"pvh.tr", "pvh", "'limit':'0x67'", "'limit':'0xffff'"},
    {"pvh.ebx", "pvh", "'magic':'0x336ec578'", "'magic':'0x0'"},
    {"pvh.version", "pvh", "'version':1", "'version':2"},
    {"pvh.flags", "pvh", "'flags':'0x0'", "'flags':'0x8'"},
    {"pvh.reserved", "pvh", "'memmap_entries':5,'reserved':'0x0'", "'memmap_entries':5,'reserved':'0x1'"},
    {"pvh.memmap.present", "pvh", "'memmap_entries':5", "'memmap_entries':0"},
    {"pvh.memmap.size", "pvh", "'memmap_entries':5", "'memmap_entries':128", "{'probe':'cmdline'",
     "{'probe':'memory','more':123}\n{'probe':'cmdline'"},
    {"pvh.memmap.readable", "pvh", "'memmap_entries':5", "'memmap_entries':6"},
    {"pvh.memmap.readable", "pvh", MEMORY, ""},
    {"pvh.low", "pvh", "'address':'0x20000'", "'address':'0x120000000'"},
    {"pvh.rsdp", "pvh", "'rsdp_paddr':'0xf5a20'", "'rsdp_paddr':'0x0'"},
    {"pvh.linked", "pvh", "'base':'0x200000'", "'base':'0x201000'"},
    {"pvh.linked", "pvh", "'linked':'0x200000'", "'linked':'0x400000'", .verdict = ZP_CLAUSE_PASS},
    {"pvh.addresses", "pvh", "'modlist_paddr':'0x6040'", "'modlist_paddr':'0x0'"},
    {"pvh.addresses", "pvh", "'memmap_paddr':'0x6100'", "'memmap_paddr':'0x0'"},
    {"pvh.info.apart", "pvh", "'memmap_paddr':'0x6100'", "'memmap_paddr':'0x200100'"},
    {"multiboot.eax", MB1, "'rax':'0x2badb002'", "'rax':'0x36d76289'"},
    {"multiboot.eax", MB2, "'rax':'0x36d76289'", "'rax':'0x2badb002'"},
    {"multiboot.ebx", MB1, "'rbx':'0x6000'", "'rbx':'0x7000'"},
    {"multiboot.cs", MB1, HIDDEN_CS},
    {"multiboot.ds", MB2, "'gs':{'base':'0x0'", "'gs':{'base':'0x10'"},
    {"multiboot.a20", MB1, "'enabled':true", "'enabled':false"},
    {"multiboot.pe", MB2, "'cr0':'0x11'", "'cr0':'0x10'"},
    {"multiboot.paging", MB1, "'cr0':'0x11'", "'cr0':'0x80000011'"},
    {"multiboot.vm", MB1, "'rflags':'0x2'", "'rflags':'0x20002'"},
    {"multiboot.interrupts", MB2, "'rflags':'0x2'", "'rflags':'0x202'"},
    {"multiboot.linked", MB1, "'linked':'0x200000'", "'linked':'0x400000'"},
    {"multiboot.info.apart", MB1, "'address':'0x20000'", "'address':'0x200100'"},
    {"multiboot.info.apart", MB1, "'mmap_addr':'0x6200'", "'mmap_addr':'0x200100'"},
    {"multiboot.info.apart", MB1, "'address':'0x20000'", "'address':'0x200100'"},
    {"multiboot1.flags", MB1, "'flags':'0x24f'", "'flags':'0x224f'"},
    {"multiboot1.symbols", MB1, "'flags':'0x24f'", "'flags':'0x27f'"},
    {"multiboot1.memory", MB1, "'flags':'0x24f'", "'flags':'0x24e'"},
    {"multiboot1.mem_lower", MB1, "'mem_lower':639", "'mem_lower':641"},
    {"multiboot1.mem_upper", MB1, "'mem_upper':129920", "'mem_upper':129921"},
    {"multiboot1.mmap.present", MB1, "'flags':'0x24f'", "'flags':'0x20f'"},
    {"multiboot1.loader_name", MB1, "'boot_loader_name':'0x6300'", "'boot_loader_name':'0x0'"},
    {"multiboot1.modules.reserved", MB1, "'cmdline':null,'reserved':'0x0'",
     "'cmdline':null,'reserved':'0x7'"},
    {"multiboot1.modules.aligned", MB1, "'start':'0x7f00000'", "'start':'0x7f00010'"},
    {"multiboot2.modules.aligned", MB2, "'start':'0x7f00000'", "'start':'0x7f00010'"},
    {"multiboot2.info.aligned", MB2, "'rbx':'0x6000'", "'rbx':'0x6004'",
     "'address':'0x6000','total_size':192", "'address':'0x6004','total_size':188"},
    {"multiboot2.total_size", MB2, "'total_size':192", "'total_size':200"},
    {"multiboot2.reserved", MB2, "'total_size':192,'reserved':'0x0'", "'total_size':192,'reserved':'0x1'"},
    {"multiboot2.tags.walk", MB2, "'at':'0x60a0'", "'at':'0x60a0','error':'beyond the end'"},
    {"multiboot2.tags.aligned", MB2, "'at':'0x60a0'", "'at':'0x60a4'"},
    {"multiboot2.tags.end", MB2, "'type':0,", "'type':9,"},
    {"multiboot2.tags.size", MB2, "'type':21,'size':12", "'type':21,'size':16"},
    {"multiboot2.tags.known", MB2, "'type':21,", "'type':22,"},
    {"multiboot2.memory", MB2, "'type':4,", "'type':9,"},
    {"multiboot2.mem_lower", MB2, "'mem_lower':639", "'mem_lower':641"},
    {"multiboot2.mem_upper", MB2, "'mem_upper':129920", "'mem_upper':1299200"},
    {"multiboot2.mmap.present", MB2, "'type':6,", "'type':9,"},
    {"multiboot2.mmap.entry_size", MB2, "'entry_size':24", "'entry_size':20"},
    {"efi.mode", "efi", "long64", "protected32"},
    {"efi.paging", "efi", "'cr0':'0x80010033'", "'cr0':'0x10033'"},
    {"efi.identity", "efi", "'size':4294967296", "'size':67108864"},
    {"efi.cs", "efi", "'l':1", "'l':0"},
    {"efi.interrupts", "efi", "'rflags':'0x202'", "'rflags':'0x2'"},
    {"efi.direction", "efi", "'rflags':'0x202'", "'rflags':'0x602'"},
    {"efi.fpu", "efi", "'cr0':'0x80010033'", "'cr0':'0x8001003b'"},
    {"efi.stack.aligned", "efi", "'rsp':'0x7e8f8f8'", "'rsp':'0x7e8f8f0'"},
    {"efi.stack.size", "efi", "'rsp':'0x7e8f8f8'", "'rsp':'0x7010008'"},
    {"efi.rcx", "efi", "'rcx':'0x7654018'", "'rcx':'0x0'"},
    {"efi.rdx", "efi", "'signature':'0x5453595320494249'", "'signature':'0x0'"},
    {"efi.system_table.crc", "efi", "'table_crc':true", "'table_crc':false"},
    {"efi.system_table.revision", "efi", "'revision':'0x20046'", "'revision':'0x10010'"},
    {"efi.system_table.acpi", "efi", "'told':'0xf5a20'", "'told':'0x0'"},
    {"efi.memory.size", "efi", "'memory_map_size':192", "'memory_map_size':200"},
    {"efi.memory.aligned", "efi", "'start':'0x0','size':655360", "'start':'0x0','size':654336"},
    {"efi.image.memory", "efi", "'efi_type':1}", "'efi_type':2}"},
    {"efi.image.base", "efi", "'image_base':'0x6000000'", "'image_base':'0x6001000'"},
    {"linux.e820.present", L32, MEMORY, ""},
    {"linux.e820.entries", L32, "'e820_entries':5,", "'e820_entries':129,"},
    {"linux.e820.overlap", L32, DOUBLE_RANGE},
    {"linux.e820.overlap", L32, MORE_RANGES, .verdict = ZP_CLAUSE_NOT_OBSERVABLE},
    {"linux.e820.size", L32, MORE_RANGES, .verdict = ZP_CLAUSE_NOT_OBSERVABLE},
    {"linux.e820.hole", L32, MORE_RANGES, .verdict = ZP_CLAUSE_NOT_OBSERVABLE},
    {"linux.e820.reserve", L64, "'size':133038080,'type':1}", "'size':133038080,'type':4294967297}"},
    {"linux.e820.size", L32, EMPTY_RANGE},
    {"linux.e820.hole", L64, HOLE_RANGE},
    {"linux.e820.reserve", L64, "'init_size':33554432", "'init_size':117440512"},
    {"linux.e820.sorted", L32, "'start':'0xf0000','size':65536", "'start':'0xfffff000','size':65536"},
    {"linux.e820.types", L32, TYPE_0},
    {"pvh.memmap.overlap", "pvh", DOUBLE_RANGE},
    {"pvh.memmap.empty", "pvh", EMPTY_RANGE},
    {"pvh.memmap.hole", "pvh", HOLE_RANGE},
    {"pvh.memmap.image", "pvh", "'start':'0x100000','size':133038080", "'start':'0x300000','size':130940928"},
    {"pvh.memmap.sorted", "pvh", "'start':'0xf0000','size':65536", "'start':'0xfffff000','size':65536"},
    {"pvh.memmap.types", "pvh", TYPE_0},
    {"multiboot1.mmap.walk", MB1, "{'probe':'cmdline'",
     "{'probe':'memory','error':'size'}\n{'probe':'cmdline'"},
    {"multiboot.mmap.overlap", MB1, DOUBLE_RANGE},
    {"multiboot.mmap.empty", MB2, EMPTY_RANGE},
    {"multiboot.mmap.hole", MB1, HOLE_RANGE},
    {"multiboot.mmap.image", MB1, "'start':'0x100000','size':133038080",
     "'start':'0x300000','size':130940928", "'mem_upper':129920", "'mem_upper':0"},
    {"multiboot.mmap.sorted", MB2, "'start':'0xf0000','size':65536", "'start':'0xfffff000','size':65536"},
    {"multiboot.mmap.types", MB1, TYPE_0},
    {"efi.memory.present", "efi", "'probe':'memory'", "'probe':'none'"},
    {"efi.memory.overlap", "efi", "'start':'0x6000000','size':131072", "'start':'0x6000000','size':16912384"},
    {"efi.memory.empty", "efi", "'start':'0x0','size':655360", "'start':'0x0','size':0"},
    {"memory.works", L32, "'pages':8192,'bad':0", "'pages':8192,'bad':3"},
    {"cmdline.terminated", L32, "'terminated':true", "'terminated':false"},
    {"cmdline.asked", L32, "console=ttyS0 quiet", "console=ttyS0 quie"},
    {"cmdline.asked", "efi", "console=ttyS0 quiet", "console=ttyS0"},
    {"cmdline.asked", L32, "console=ttyS0 quiet", "BOOT_IMAGE=probe console=ttyS0 quiet ",
     .verdict = ZP_CLAUSE_PASS},
    {"cmdline.front", L32, "console=ttyS0 quiet", "BOOT_IMAGE=probe console=ttyS0 quiet"},
    {"modules.count", "pvh", "'probe':'module'", "'probe':'none'"},
    {"modules.whole", L32, "'crc32':'0x1234abcd'", "'crc32':'0x1234abce'"},
    {"modules.whole", MB1, "'size':12345", "'size':12344"},
    {"modules.apart", MB2, "'start':'0x7f00000'", "'start':'0x20f000'"},
    {"modules.ram", L32, "'start':'0x7f00000'", "'start':'0x7fdf000'"},
    {"linux.initrd.max", L16, "'start':'0x7f00000'", "'start':'0x7fffe000'"},
    {"linux.initrd.aligned", L32, "'start':'0x7f00000'", "'start':'0x7f00200'"},
    {"linux.initrd.absent", L32, "'probe':'module'", "'probe':'none'", .no_module = true},
    {"linux.initrd.absent", L32, "'probe':'module'", "'probe':'none'",
     "'ramdisk_image':'0x7f00000','ramdisk_size':12345", "'ramdisk_image':'0x0','ramdisk_size':0",
     .verdict = ZP_CLAUSE_PASS, .no_module = true},
    {"linux.reserve.boot_params", L32, "'rsi':'0x7000'", "'rsi':'0x1f00000'", "'address':'0x7000'",
     "'address':'0x1f00000'"},
    {"linux.reserve.cmdline", L64, "'address':'0x20000'", "'address':'0x1f00000'"},
    {"linux.reserve.initrd", L32, "'start':'0x7f00000'", "'start':'0x2ffe000'"},
    {"linux.reserve.setup_data", L32, "'address':'0x8000'", "'address':'0x1f00000'"},
    {"linux.reserve.gdt", L32, "'gdt':{'base':'0x500'", "'gdt':{'base':'0x2fffff0'"},
    {"linux.reserve.tables", L64, "'at':'0xa000'", "'at':'0x1f00000'"},
    {"linux.reserve.acpi", L32, "'address':'0x7fe0200'", "'address':'0x1f00000'"},
    {"acpi.found", L32, "'told':'0xf5a20','scanned':'0xf5a20'", "'told':'0x0','scanned':'0x0'"},
    {"acpi.rsdp.sum", "pvh", "'sum':true,'revision':2,'rsdt'", "'sum':false,'revision':2,'rsdt'"},
    {"acpi.rsdp.sum", "pvh", "'sum':true,'revision':2,'rsdt'", "'error':'unreadable','rsdt'"},
    {"acpi.rsdp.sum", "pvh", "'probe':'rsdp'", "'probe':'none'", .verdict = ZP_CLAUSE_NOT_OBSERVABLE},
    {"acpi.rsdp.aligned", L64, "'told':'0xf5a20'", "'told':'0xf5a24'"},
    {"acpi.tables.sum", "efi", "'length':800,'revision':2,'sum':true",
     "'length':800,'revision':2,'sum':false"},
    {"acpi.fadt", L32, "'signature':'DSDT'", "'signature':'SSDT'"},
    {"acpi.memory", "pvh", "'start':'0x7fe0000','size':131072,'type':3",
     "'start':'0x7fe0000','size':131072,'type':1"},
    {"mptable.sum", MB1, "'table':'0xf5b10','sum':true", "'table':'0xf5b10','sum':false"},
    {"modules.count", L32, "'index':0,'start':'0x7f00000'", "'index':0,'start':'0x0'"},
    {"modules.apart", "pvh", "'start':'0x7f00000'", "'start':'0x5000'"},
    {"image.whole", L64, "'crc32':'0xab'", "'crc32':'0xac'"},
    {"image.bss", MB2, "'bss_dirty':0", "'bss_dirty':1"},
    {"a20.enabled", L32, "'enabled':true", "'enabled':false"},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static void substitute(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    if (!at)
        fail_msg("the report has no %s", from);
    for (; at; at = strstr(at + strlen(to), from)) {
        assert_true(strlen(text) + strlen(to) < TEXT_MAX);
        memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
        memcpy(at, to, strlen(to));
    }
}

/*
 * Begins with a good report. The image's own header is what a loader copies: fields that change with the
 * size of the probe are taken from there.
 */
static void begin(char *text, const char *good)
{
    const struct zp_probe_image *image =
        zp_probe_image_by_name(strstr(good, "'bzimage16'") ? "bzimage16" : "bzimage");
    char sectors[32];
    strcpy(text, good);
    if (!strstr(good, "'image':'bzimage"))
        return;
    snprintf(sectors, sizeof sectors, "'setup_sects':%u",
             ((const unsigned char *)image->bytes)[ZP_BOOT_PARAMS_HDR_SETUP_SECTS]);
    substitute(text, "'setup_sects':4", sectors);
    if (strstr(good, "'bzimage16'"))
        return;
    const unsigned char *own = image->bytes;
    uint32_t payload[2], handover[2];
    char tail[256];
    memcpy(payload, own + 0x248, sizeof payload);
    memcpy(handover, own + 0x264, sizeof handover);
    snprintf(tail, sizeof tail,
             "'init_size':33554432,'payload_offset':'0x%" PRIx32 "','payload_length':%" PRIu32
             ",'handover_offset':'0x%" PRIx32 "','kernel_info_offset':'0x%" PRIx32 "'}",
             payload[0], payload[1], handover[0], handover[1]);
    substitute(text, "'init_size':33554432}", tail);
}

/* Double quotes and the end line: a report as it comes over the line. Counts lines in *ret_lines. */
static void finish(char *text, size_t *ret_lines)
{
    size_t lines = 0, length;
    for (char *at = text; *at; at++) {
        if (*at == '\'')
            *at = '"';
        lines += *at == '\n';
    }
    length = strlen(text);
    snprintf(text + length, TEXT_MAX - length, "{\"probe\":\"end\",\"lines\":%zu,\"crc32\":\"0x%08lx\"}\n",
             lines, crc32(0, (const Bytef *)text, (uInt)length));
    if (ret_lines)
        *ret_lines = lines;
}

static struct zp_report *read_report(const char *text)
{
    struct zp_report *report = NULL;
    char why[256];
    if (zp_report_read(text, strlen(text), NULL, 0, &report, why, sizeof why) != 0)
        fail_msg("%s", why);
    return report;
}

static const char *good_text(const char *protocol)
{
    for (size_t i = 0; i < GOOD_COUNT; i++)
        if (strcmp(goods[i].protocol, protocol) == 0)
            return goods[i].text;
    fail_msg("no good report for %s", protocol);
    return "";
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        char text[TEXT_MAX];
        struct zp_clause_result *results;
        size_t count, known;
        begin(text, goods[i].text);
        finish(text, NULL);
        struct zp_report *report = read_report(text);
        assert_string_equal(zp_report_protocol(report), goods[i].protocol);
        assert_int_equal(zp_judge(report, &asked, &results, &count), 0);
        for (size_t j = 0; j < count; j++) {
            if (results[j].verdict != ZP_CLAUSE_PASS && results[j].verdict != ZP_CLAUSE_NOT_APPLICABLE)
                fail_msg("%s: %s: verdict %d, %s", goods[i].protocol, results[j].id, results[j].verdict,
                         results[j].detail);
        }
        free(results);
        assert_int_equal(zp_judge_clauses(goods[i].protocol, &results, &known), 0);
        assert_int_equal(known, count);
        assert_true(count >= 20);
        free(results);
        zp_report_free(report);
    }
}

/* Returns the number of faults, each printed. */
static unsigned check_row(const struct row *row)
{
    unsigned faults = 0;
    char text[TEXT_MAX];
    struct zp_clause_result *results;
    size_t count;
    bool found = false;
    enum zp_clause_verdict wanted = row->verdict ? row->verdict : ZP_CLAUSE_FAIL;
    begin(text, good_text(row->protocol));
    substitute(text, row->from, row->to);
    if (row->from2)
        substitute(text, row->from2, row->to2);
    finish(text, NULL);
    struct zp_report *report = read_report(text);
    assert_int_equal(zp_judge(report, row->no_module ? &asked_nothing : &asked, &results, &count), 0);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(results[i].id, row->id) == 0) {
            found = true;
            if (results[i].verdict != wanted || results[i].detail[0] == '\0') {
                print_error("%s by %s: verdict %d, %s\n", row->id, row->protocol, results[i].verdict,
                            results[i].detail);
                faults++;
            }
        } else if (results[i].verdict == ZP_CLAUSE_FAIL && results[i].level == ZP_CLAUSE_MUST) {
            print_error("%s spoiled by %s, and %s failed too: %s\n", row->id, row->protocol, results[i].id,
                        results[i].detail);
            faults++;
        }
    }
    if (!found)
        fail_msg("%s is no clause of %s", row->id, row->protocol);
    free(results);
    zp_report_free(report);
    return faults;
}

static void test_rows(void **state)
{
    unsigned faults = 0;
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++)
        faults += check_row(&rows[i]);
    assert_int_equal(faults, 0);
}

/* Is the clause passed by one of the good reports? */
static bool passes_somewhere(const char *id)
{
    bool passes = false;
    for (size_t i = 0; i < GOOD_COUNT && !passes; i++) {
        char text[TEXT_MAX];
        struct zp_clause_result *results;
        size_t count;
        begin(text, goods[i].text);
        finish(text, NULL);
        struct zp_report *report = read_report(text);
        assert_int_equal(zp_judge(report, &asked, &results, &count), 0);
        for (size_t j = 0; j < count; j++)
            passes |= strcmp(results[j].id, id) == 0 && results[j].verdict == ZP_CLAUSE_PASS;
        free(results);
        zp_report_free(report);
    }
    return passes;
}

static void test_complete(void **state)
{
    struct zp_clause_result *clauses;
    size_t count;
    (void)state;
    assert_int_equal(zp_judge_clauses("", &clauses, &count), 0);
    for (size_t i = 0; i < count; i++) {
        bool fails = false, passes = passes_somewhere(clauses[i].id);
        for (size_t j = 0; j < ROW_COUNT; j++) {
            if (strcmp(rows[j].id, clauses[i].id) != 0)
                continue;
            fails |= rows[j].verdict == 0;
            passes |= rows[j].verdict == ZP_CLAUSE_PASS;
        }
        if (!fails || !passes)
            fail_msg("%s: no row %s it", clauses[i].id, fails ? "passes" : "fails");
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(clauses[i].id, clauses[j].id);
        assert_true(clauses[i].text[0] != '\0' && clauses[i].section[0] != '\0');
    }
    free(clauses);
    assert_int_equal(zp_judge_clauses("linux128", &clauses, &count), -1);
}

/* A clause never passes on what the report does not show. */
static void test_unseen(void **state)
{
    static const char *const protocols[] = {L16, L32, L64, "pvh", MB1, MB2, "efi"};
    (void)state;
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        char text[TEXT_MAX];
        struct zp_clause_result *results;
        size_t count;
        snprintf(text, sizeof text,
                 "{'probe':'begin','schema':1,'seen':'inside','image':'x','protocol':'%s'}\n", protocols[i]);
        finish(text, NULL);
        struct zp_report *report = read_report(text);
        assert_int_equal(zp_judge(report, NULL, &results, &count), 0);
        for (size_t j = 0; j < count; j++)
            if (results[j].verdict == ZP_CLAUSE_PASS || results[j].verdict == 0)
                fail_msg("%s: %s passes on nothing: %s", protocols[i], results[j].id, results[j].detail);
        free(results);
        zp_report_free(report);
    }
}

static void refuse(const char *text, const char *outside, const char *wanted)
{
    struct zp_report *report = NULL;
    char why[256];
    assert_int_equal(
        zp_report_read(text, strlen(text), outside, outside ? strlen(outside) : 0, &report, why, sizeof why),
        -1);
    if (!strstr(why, wanted))
        fail_msg("'%s' does not say '%s'", why, wanted);
    assert_null(report);
}

static void test_noise(void **state)
{
    char clean[TEXT_MAX], noisy[3 * TEXT_MAX], *out = noisy;
    (void)state;
    strcpy(clean, pvh);
    finish(clean, NULL);
    /* A report that is cut off, then one whose lines come with a firmware's noise, then words behind it. */
    out += sprintf(out, "SeaBIOS\n{\"probe\":\"begin\",\"schema\":1}\n");
    for (const char *at = clean; *at; at++) {
        if (at == clean || at[-1] == '\n')
            out += sprintf(out, "\033[2J\033[01;01H");
        if (*at == '\n')
            out += sprintf(out, "\r\n[    0.1] {noise}\r");
        *out++ = *at;
    }
    sprintf(out, "{\"probe\":\"off\",\"way\":\"acpi\"}\nbye\n");
    struct zp_report *report = read_report(noisy);
    assert_string_equal(zp_report_protocol(report), "pvh");
    assert_string_equal(zp_report_image(report), "pvh");
    zp_report_free(report);
}

/* A machine that is reset in the midst of a line reports once more; a terminal's words end each line. */
static void test_reset(void **state)
{
    char clean[TEXT_MAX], noisy[3 * TEXT_MAX], *out = noisy;
    (void)state;
    strcpy(clean, pvh);
    finish(clean, NULL);
    const char *line = strstr(clean, "{\"probe\":\"memory\"");
    assert_non_null(line);
    out += sprintf(out, "%.*s", (int)(line + 30 - clean), clean);
    for (const char *at = clean; *at; at++) {
        if (*at == '\n')
            out += sprintf(out, " \033[0m\r\r");
        *out++ = *at;
    }
    *out = '\0';
    struct zp_report *report = read_report(noisy);
    assert_string_equal(zp_report_image(report), "pvh");
    zp_report_free(report);
}

static void test_refused(void **state)
{
    char text[TEXT_MAX], spoiled[TEXT_MAX];
    (void)state;
    refuse("", NULL, "no report in 0 bytes");
    refuse("Hello\n{\"probe\":\"cpu\"}\n", NULL, "no report");
    strcpy(text, multiboot1);
    finish(text, NULL);
    strcpy(spoiled, text);
    *strstr(spoiled, "{\"probe\":\"end\"") = '\0';
    refuse(spoiled, NULL, "cut off after line");
    strcpy(spoiled, text);
    *strstr(spoiled, "639") = '7';
    refuse(spoiled, NULL, "wrong checksum");
    strcpy(spoiled, text);
    memmove(strchr(spoiled, '\n') + 1, strchr(strchr(spoiled, '\n') + 1, '\n') + 1,
            strlen(strchr(strchr(spoiled, '\n') + 1, '\n') + 1) + 1);
    refuse(spoiled, NULL, "should have");
    strcpy(spoiled, "{'probe':'begin','schema':2,'image':'x','protocol':'pvh'}\n");
    finish(spoiled, NULL);
    refuse(spoiled, NULL, "schema 2");
    strcpy(spoiled, "{'probe':'begin','schema':1,'image':'x','protocol':'pvh'}\n{'probe':'cpu',,}\n");
    finish(spoiled, NULL);
    refuse(spoiled, NULL, "line 2");
    strcpy(spoiled, "{'probe':'begin','schema':1,'image':'\xff','protocol':'pvh'}\n");
    finish(spoiled, NULL);
    refuse(spoiled, NULL, "line 1");
    strcpy(spoiled, "{'probe':'begin','schema':1,'image':'x'}\n");
    finish(spoiled, NULL);
    refuse(spoiled, NULL, "by which protocol");
}

static void test_outside(void **state)
{
    char inside[TEXT_MAX], trace[TEXT_MAX], other[TEXT_MAX], why[256];
    struct zp_report *report;
    struct zp_clause_result *results;
    size_t count, seen = 0;
    (void)state;
    strcpy(inside, pvh);
    substitute(inside, SEGMENTS32, "");
    finish(inside, NULL);
    strcpy(trace, pvh);
    substitute(trace, "'seen':'inside','image':'pvh'", "'seen':'outside','image':''");
    finish(trace, NULL);
    strcpy(other, multiboot1);
    finish(other, NULL);

    report = read_report(inside);
    assert_int_equal(zp_judge(report, &asked, &results, &count), 0);
    for (size_t i = 0; i < count; i++)
        if (strcmp(results[i].id, "pvh.tr") == 0 || strcmp(results[i].id, "pvh.cs") == 0)
            assert_int_equal(results[i].verdict, ZP_CLAUSE_NOT_OBSERVABLE);
    free(results);
    zp_report_free(report);

    assert_int_equal(zp_report_read(inside, strlen(inside), trace, strlen(trace), &report, why, sizeof why),
                     0);
    assert_int_equal(zp_judge(report, &asked, &results, &count), 0);
    for (size_t i = 0; i < count; i++)
        if (strcmp(results[i].id, "pvh.tr") == 0 || strcmp(results[i].id, "pvh.cs") == 0) {
            assert_int_equal(results[i].verdict, ZP_CLAUSE_PASS);
            seen++;
        }
    assert_int_equal(seen, 2);
    free(results);
    zp_report_free(report);

    refuse(inside, other, "another protocol");
    refuse(inside, "nothing", "no whole report");
}

/* A line of a thousand objects, numbers past 64 bits, deep nesting: refused or read, and nothing worse. */
static void test_hostile(void **state)
{
    char text[TEXT_MAX], *out = text;
    (void)state;
    out += sprintf(out, "{'probe':'begin','schema':1,'image':'x','protocol':'pvh'}\n{'probe':'cpu','a':[");
    for (size_t i = 0; i < 1000; i++)
        out += sprintf(out, "{},");
    sprintf(out, "0]}\n");
    finish(text, NULL);
    refuse(text, NULL, "line 2");
    strcpy(text, linux32);
    substitute(text, "'start':'0x100000','size':133038080", "'start':'0xfffffffffffff000','size':-1");
    substitute(text, "'rsi':'0x7000'", "'rsi':'0x70000000000000000000'");
    substitute(text, "'init_size':33554432", "'init_size':18446744073709551615");
    substitute(text, "'base':'0x1000000'", "'base':'0xffffffffffffffff'");
    finish(text, NULL);
    struct zp_report *report = read_report(text);
    struct zp_clause_result *results;
    size_t count;
    assert_int_equal(zp_judge(report, &asked, &results, &count), 0);
    free(results);
    zp_report_free(report);
    strcpy(text, "{'probe':'begin','schema':1,'image':'x','protocol':'linux128'}\n");
    finish(text, NULL);
    report = read_report(text);
    assert_int_equal(zp_judge(report, &asked, &results, &count), -1);
    zp_report_free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_rows),    cmocka_unit_test(test_complete),
        cmocka_unit_test(test_unseen),  cmocka_unit_test(test_noise),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_outside), cmocka_unit_test(test_hostile), cmocka_unit_test(test_reset),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
