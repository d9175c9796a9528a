/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF structures and numbers against glibc's <elf.h>.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>

#include <zeropage/wire/elf.h>

#include "same.h"

static void elf32_ehdr(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_ident);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_type);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_machine);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_version);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_entry);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_phoff);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_shoff);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_flags);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_ehsize);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_phentsize);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_phnum);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_shentsize);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_shnum);
    SAME_MEMBER(struct zp_elf32_ehdr, Elf32_Ehdr, e_shstrndx);
    SAME_SIZE(struct zp_elf32_ehdr, Elf32_Ehdr, 0);
}

static void elf64_ehdr(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_ident);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_type);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_machine);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_version);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_entry);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_phoff);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_shoff);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_flags);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_ehsize);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_phentsize);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_phnum);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_shentsize);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_shnum);
    SAME_MEMBER(struct zp_elf64_ehdr, Elf64_Ehdr, e_shstrndx);
    SAME_SIZE(struct zp_elf64_ehdr, Elf64_Ehdr, 0);
}

static void elf32_phdr(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_elf32_phdr, Elf32_Phdr, p_type);
    SAME_MEMBER(struct zp_elf32_phdr, Elf32_Phdr, p_offset);
    SAME_MEMBER(struct zp_elf32_phdr, Elf32_Phdr, p_vaddr);
    SAME_MEMBER(struct zp_elf32_phdr, Elf32_Phdr, p_paddr);
    SAME_MEMBER(struct zp_elf32_phdr, Elf32_Phdr, p_filesz);
    SAME_MEMBER(struct zp_elf32_phdr, Elf32_Phdr, p_memsz);
    SAME_MEMBER(struct zp_elf32_phdr, Elf32_Phdr, p_flags);
    SAME_MEMBER(struct zp_elf32_phdr, Elf32_Phdr, p_align);
    SAME_SIZE(struct zp_elf32_phdr, Elf32_Phdr, 0);
}

static void elf64_phdr(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_elf64_phdr, Elf64_Phdr, p_type);
    SAME_MEMBER(struct zp_elf64_phdr, Elf64_Phdr, p_flags);
    SAME_MEMBER(struct zp_elf64_phdr, Elf64_Phdr, p_offset);
    SAME_MEMBER(struct zp_elf64_phdr, Elf64_Phdr, p_vaddr);
    SAME_MEMBER(struct zp_elf64_phdr, Elf64_Phdr, p_paddr);
    SAME_MEMBER(struct zp_elf64_phdr, Elf64_Phdr, p_filesz);
    SAME_MEMBER(struct zp_elf64_phdr, Elf64_Phdr, p_memsz);
    SAME_MEMBER(struct zp_elf64_phdr, Elf64_Phdr, p_align);
    SAME_SIZE(struct zp_elf64_phdr, Elf64_Phdr, 0);
}

static void elf32_shdr(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_elf32_shdr, Elf32_Shdr, sh_name);
    SAME_MEMBER(struct zp_elf32_shdr, Elf32_Shdr, sh_type);
    SAME_MEMBER(struct zp_elf32_shdr, Elf32_Shdr, sh_flags);
    SAME_MEMBER(struct zp_elf32_shdr, Elf32_Shdr, sh_addr);
    SAME_MEMBER(struct zp_elf32_shdr, Elf32_Shdr, sh_offset);
    SAME_MEMBER(struct zp_elf32_shdr, Elf32_Shdr, sh_size);
    SAME_MEMBER(struct zp_elf32_shdr, Elf32_Shdr, sh_link);
    SAME_MEMBER(struct zp_elf32_shdr, Elf32_Shdr, sh_info);
    SAME_MEMBER(struct zp_elf32_shdr, Elf32_Shdr, sh_addralign);
    SAME_MEMBER(struct zp_elf32_shdr, Elf32_Shdr, sh_entsize);
    SAME_SIZE(struct zp_elf32_shdr, Elf32_Shdr, 0);
}

static void elf64_shdr(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_elf64_shdr, Elf64_Shdr, sh_name);
    SAME_MEMBER(struct zp_elf64_shdr, Elf64_Shdr, sh_type);
    SAME_MEMBER(struct zp_elf64_shdr, Elf64_Shdr, sh_flags);
    SAME_MEMBER(struct zp_elf64_shdr, Elf64_Shdr, sh_addr);
    SAME_MEMBER(struct zp_elf64_shdr, Elf64_Shdr, sh_offset);
    SAME_MEMBER(struct zp_elf64_shdr, Elf64_Shdr, sh_size);
    SAME_MEMBER(struct zp_elf64_shdr, Elf64_Shdr, sh_link);
    SAME_MEMBER(struct zp_elf64_shdr, Elf64_Shdr, sh_info);
    SAME_MEMBER(struct zp_elf64_shdr, Elf64_Shdr, sh_addralign);
    SAME_MEMBER(struct zp_elf64_shdr, Elf64_Shdr, sh_entsize);
    SAME_SIZE(struct zp_elf64_shdr, Elf64_Shdr, 0);
}

static void elf32_sym(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_elf32_sym, Elf32_Sym, st_name);
    SAME_MEMBER(struct zp_elf32_sym, Elf32_Sym, st_value);
    SAME_MEMBER(struct zp_elf32_sym, Elf32_Sym, st_size);
    SAME_MEMBER(struct zp_elf32_sym, Elf32_Sym, st_info);
    SAME_MEMBER(struct zp_elf32_sym, Elf32_Sym, st_other);
    SAME_MEMBER(struct zp_elf32_sym, Elf32_Sym, st_shndx);
    SAME_SIZE(struct zp_elf32_sym, Elf32_Sym, 0);
}

static void elf64_sym(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_elf64_sym, Elf64_Sym, st_name);
    SAME_MEMBER(struct zp_elf64_sym, Elf64_Sym, st_info);
    SAME_MEMBER(struct zp_elf64_sym, Elf64_Sym, st_other);
    SAME_MEMBER(struct zp_elf64_sym, Elf64_Sym, st_shndx);
    SAME_MEMBER(struct zp_elf64_sym, Elf64_Sym, st_value);
    SAME_MEMBER(struct zp_elf64_sym, Elf64_Sym, st_size);
    SAME_SIZE(struct zp_elf64_sym, Elf64_Sym, 0);
}

static void elf_nhdr_as_elf32_nhdr(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_elf_nhdr, Elf32_Nhdr, n_namesz);
    SAME_MEMBER(struct zp_elf_nhdr, Elf32_Nhdr, n_descsz);
    SAME_MEMBER(struct zp_elf_nhdr, Elf32_Nhdr, n_type);
    SAME_SIZE(struct zp_elf_nhdr, Elf32_Nhdr, 0);
}

static void elf_nhdr_as_elf64_nhdr(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_elf_nhdr, Elf64_Nhdr, n_namesz);
    SAME_MEMBER(struct zp_elf_nhdr, Elf64_Nhdr, n_descsz);
    SAME_MEMBER(struct zp_elf_nhdr, Elf64_Nhdr, n_type);
    SAME_SIZE(struct zp_elf_nhdr, Elf64_Nhdr, 0);
}

static void the_magic_is_one_word(void **state)
{
    const uint32_t magic = ZP_ELFMAG;

    (void)state;
    assert_memory_equal(&magic, ELFMAG, SELFMAG);
}

static void constants_agree(void **state)
{
    (void)state;
    SAME_CONSTANT(EI_MAG0);
    SAME_CONSTANT(EI_MAG1);
    SAME_CONSTANT(EI_MAG2);
    SAME_CONSTANT(EI_MAG3);
    SAME_CONSTANT(EI_CLASS);
    SAME_CONSTANT(EI_DATA);
    SAME_CONSTANT(EI_VERSION);
    SAME_CONSTANT(EI_OSABI);
    SAME_CONSTANT(EI_ABIVERSION);
    SAME_CONSTANT(EI_PAD);
    SAME_CONSTANT(EI_NIDENT);
    SAME_CONSTANT(ELFMAG0);
    SAME_CONSTANT(ELFMAG1);
    SAME_CONSTANT(ELFMAG2);
    SAME_CONSTANT(ELFMAG3);
    SAME_CONSTANT(SELFMAG);
    SAME_CONSTANT(ELFCLASSNONE);
    SAME_CONSTANT(ELFCLASS32);
    SAME_CONSTANT(ELFCLASS64);
    SAME_CONSTANT(ELFDATANONE);
    SAME_CONSTANT(ELFDATA2LSB);
    SAME_CONSTANT(ELFDATA2MSB);
    SAME_CONSTANT(ELFOSABI_SYSV);
    SAME_CONSTANT(ELFOSABI_GNU);
    SAME_CONSTANT(ELFOSABI_FREEBSD);
    SAME_CONSTANT(ELFOSABI_STANDALONE);
    SAME_CONSTANT(EV_NONE);
    SAME_CONSTANT(EV_CURRENT);
    SAME_CONSTANT(ET_NONE);
    SAME_CONSTANT(ET_REL);
    SAME_CONSTANT(ET_EXEC);
    SAME_CONSTANT(ET_DYN);
    SAME_CONSTANT(ET_CORE);
    SAME_CONSTANT(EM_NONE);
    SAME_CONSTANT(EM_SPARC);
    SAME_CONSTANT(EM_386);
    SAME_CONSTANT(EM_68K);
    SAME_CONSTANT(EM_IAMCU);
    SAME_CONSTANT(EM_MIPS);
    SAME_CONSTANT(EM_PARISC);
    SAME_CONSTANT(EM_PPC);
    SAME_CONSTANT(EM_PPC64);
    SAME_CONSTANT(EM_S390);
    SAME_CONSTANT(EM_ARM);
    SAME_CONSTANT(EM_SH);
    SAME_CONSTANT(EM_SPARCV9);
    SAME_CONSTANT(EM_IA_64);
    SAME_CONSTANT(EM_X86_64);
    SAME_CONSTANT(EM_OPENRISC);
    SAME_CONSTANT(EM_XTENSA);
    SAME_CONSTANT(EM_AARCH64);
    SAME_CONSTANT(EM_MICROBLAZE);
    SAME_CONSTANT(EM_RISCV);
    SAME_CONSTANT(EM_BPF);
    SAME_CONSTANT(EM_LOONGARCH);
    SAME_CONSTANT(PN_XNUM);
    SAME_CONSTANT(PT_NULL);
    SAME_CONSTANT(PT_LOAD);
    SAME_CONSTANT(PT_DYNAMIC);
    SAME_CONSTANT(PT_INTERP);
    SAME_CONSTANT(PT_NOTE);
    SAME_CONSTANT(PT_SHLIB);
    SAME_CONSTANT(PT_PHDR);
    SAME_CONSTANT(PT_TLS);
    SAME_CONSTANT(PT_LOOS);
    SAME_CONSTANT(PT_GNU_EH_FRAME);
    SAME_CONSTANT(PT_GNU_STACK);
    SAME_CONSTANT(PT_GNU_RELRO);
    SAME_CONSTANT(PT_GNU_PROPERTY);
    SAME_CONSTANT(PT_HIOS);
    SAME_CONSTANT(PT_LOPROC);
    SAME_CONSTANT(PT_HIPROC);
    SAME_CONSTANT(PF_X);
    SAME_CONSTANT(PF_W);
    SAME_CONSTANT(PF_R);
    SAME_CONSTANT(SHT_NULL);
    SAME_CONSTANT(SHT_PROGBITS);
    SAME_CONSTANT(SHT_SYMTAB);
    SAME_CONSTANT(SHT_STRTAB);
    SAME_CONSTANT(SHT_RELA);
    SAME_CONSTANT(SHT_HASH);
    SAME_CONSTANT(SHT_DYNAMIC);
    SAME_CONSTANT(SHT_NOTE);
    SAME_CONSTANT(SHT_NOBITS);
    SAME_CONSTANT(SHT_REL);
    SAME_CONSTANT(SHT_SHLIB);
    SAME_CONSTANT(SHT_DYNSYM);
    SAME_CONSTANT(SHT_INIT_ARRAY);
    SAME_CONSTANT(SHT_FINI_ARRAY);
    SAME_CONSTANT(SHT_PREINIT_ARRAY);
    SAME_CONSTANT(SHT_GROUP);
    SAME_CONSTANT(SHT_SYMTAB_SHNDX);
    SAME_CONSTANT(SHF_WRITE);
    SAME_CONSTANT(SHF_ALLOC);
    SAME_CONSTANT(SHF_EXECINSTR);
    SAME_CONSTANT(SHF_COMPRESSED);
    SAME_CONSTANT(SHN_UNDEF);
    SAME_CONSTANT(SHN_LORESERVE);
    SAME_CONSTANT(SHN_ABS);
    SAME_CONSTANT(SHN_COMMON);
    SAME_CONSTANT(SHN_XINDEX);
    SAME_CONSTANT(SHN_HIRESERVE);
    SAME_CONSTANT(STT_NOTYPE);
    SAME_CONSTANT(STT_OBJECT);
    SAME_CONSTANT(STT_FUNC);
    SAME_CONSTANT(STT_SECTION);
    SAME_CONSTANT(STT_FILE);
    SAME_CONSTANT(STB_LOCAL);
    SAME_CONSTANT(STB_GLOBAL);
    SAME_CONSTANT(STB_WEAK);
    SAME_CONSTANT(NT_GNU_BUILD_ID);
    SAME_CONSTANT(NT_GNU_PROPERTY_TYPE_0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elf32_ehdr),
        cmocka_unit_test(elf64_ehdr),
        cmocka_unit_test(elf32_phdr),
        cmocka_unit_test(elf64_phdr),
        cmocka_unit_test(elf32_shdr),
        cmocka_unit_test(elf64_shdr),
        cmocka_unit_test(elf32_sym),
        cmocka_unit_test(elf64_sym),
        cmocka_unit_test(elf_nhdr_as_elf32_nhdr),
        cmocka_unit_test(elf_nhdr_as_elf64_nhdr),
        cmocka_unit_test(the_magic_is_one_word),
        cmocka_unit_test(constants_agree),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
