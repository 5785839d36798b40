//! What a file says: its code, its functions, its pointers.

use crate::Error;
use memchr::memmem;
use object::elf::{
    EM_X86_64, ET_DYN, FileHeader64, R_X86_64_64, R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT,
    R_X86_64_RELATIVE, SHF_ALLOC, SHF_EXECINSTR,
};
use object::read::elf::{ElfFile64, FileHeader, SectionHeader};
use object::{
    Endianness, LittleEndian, Object, ObjectSection, ObjectSymbol, ObjectSymbolTable,
    RelocationFlags, RelocationTarget, SectionFlags, SectionKind, SymbolKind,
};
use std::ops::Range;

/// Bytes and the address at which they are loaded.
#[derive(Clone, Copy)]
pub(crate) struct Section<'data> {
    pub(crate) address: u64,
    pub(crate) bytes: &'data [u8],
}

impl<'data> Section<'data> {
    /// The bytes from an address on.
    pub(crate) fn from(&self, address: u64) -> Option<&'data [u8]> {
        let skipped = usize::try_from(address.checked_sub(self.address)?).ok()?;
        self.bytes.get(skipped..).filter(|rest| !rest.is_empty())
    }
}

impl Section<'_> {
    /// The addresses at which a text stands.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<u64> {
        let places = memmem::find_iter(self.bytes, text);
        places.map(|place| self.address + place as u64).collect()
    }
}

/// A symbol of a function.
pub(crate) struct Symbol<'data> {
    pub(crate) address: u64,
    pub(crate) size: u64,
    pub(crate) name: &'data str,
}

/// A place in data that holds a pointer.
pub(crate) struct Slot<'data> {
    pub(crate) address: u64,
    pub(crate) value: Value<'data>,
    /// Nothing can write to it once the program runs.
    pub(crate) constant: bool,
}

/// What a pointer points to.
#[derive(Clone, Copy)]
pub(crate) enum Value<'data> {
    /// Something of this binary.
    Address(u64),
    /// A symbol of another one.
    Import(&'data str),
}

/// All of it.
pub(crate) struct Image<'data> {
    /// The sections that hold code.
    pub(crate) code: Vec<Section<'data>>,
    /// The sections that hold data.
    pub(crate) data: Vec<Section<'data>>,
    /// In the order of their addresses.
    pub(crate) symbols: Vec<Symbol<'data>>,
    /// In the order of their addresses.
    pub(crate) slots: Vec<Slot<'data>>,
}

type File<'data> = ElfFile64<'data, LittleEndian>;

impl<'data> Image<'data> {
    pub(crate) fn read(bytes: &'data [u8]) -> Result<Self, Error> {
        let header = FileHeader64::<Endianness>::parse(bytes)?;
        let endian = header.endian()?;
        if header.e_machine(endian) != EM_X86_64 {
            return Err(Error::NotX86);
        }
        if header.e_type(endian) != ET_DYN {
            return Err(Error::FixedAddresses);
        }
        let file = File::parse(bytes)?;
        let image = Self {
            code: sections(&file, |flags| flags & EXECUTABLE != 0)?,
            data: sections(&file, |flags| flags & EXECUTABLE == 0)?,
            symbols: symbols(&file),
            slots: slots(&file)?,
        };
        match image.symbols.is_empty() {
            true => Err(Error::Stripped),
            false => Ok(image),
        }
    }

    /// The section of code that an address lies in.
    pub(crate) fn section(&self, address: u64) -> Option<&Section<'data>> {
        let holds = |section: &&Section| section.from(address).is_some();
        self.code.iter().find(holds)
    }

    /// The slots of so many bytes from an address on.
    pub(crate) fn slots_in(&self, address: u64, bytes: u64) -> &[Slot<'data>] {
        let before = |limit| self.slots.partition_point(|slot| slot.address < limit);
        let range = before(address)..before(address.saturating_add(bytes));
        self.slots.get(range).unwrap_or_default()
    }
}

const LOADED: u64 = SHF_ALLOC as u64;
const EXECUTABLE: u64 = SHF_EXECINSTR as u64;

/// The sections that are loaded, of those with such flags.
fn sections<'data>(
    file: &File<'data>,
    is_wanted: impl Fn(u64) -> bool,
) -> Result<Vec<Section<'data>>, Error> {
    let mut found = Vec::new();
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        let in_place = section.kind() != SectionKind::Tls && section.address() != 0;
        if sh_flags & LOADED != 0 && is_wanted(sh_flags) && in_place {
            found.push(Section {
                address: section.address(),
                bytes: section.data()?,
            });
        }
    }
    Ok(found)
}

fn symbols<'data>(file: &File<'data>) -> Vec<Symbol<'data>> {
    let functions = file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition());
    let mut symbols: Vec<_> = functions
        .filter_map(|symbol| {
            Some(Symbol {
                address: symbol.address(),
                size: symbol.size(),
                name: symbol.name().ok().filter(|name| !name.is_empty())?,
            })
        })
        .collect();
    symbols.sort_by_key(|symbol| (symbol.address, symbol.name));
    symbols
}

fn slots<'data>(file: &File<'data>) -> Result<Vec<Slot<'data>>, Error> {
    let written = written(file);
    let mut slots = Vec::new();
    let mut add = |address, value| {
        slots.push(Slot {
            address,
            value,
            constant: !written.iter().any(|range| range.contains(&address)),
        });
    };
    for (address, relocation) in file.dynamic_relocations().into_iter().flatten() {
        let RelocationFlags::Elf { r_type } = relocation.flags() else {
            continue;
        };
        let addend = relocation.addend();
        let value = match (r_type, relocation.target()) {
            (R_X86_64_RELATIVE, _) => Some(Value::Address(addend.cast_unsigned())),
            (R_X86_64_64, RelocationTarget::Symbol(index)) => symbol(file, index.0, addend),
            (R_X86_64_GLOB_DAT | R_X86_64_JUMP_SLOT, RelocationTarget::Symbol(index)) => {
                symbol(file, index.0, 0)
            }
            _ => None,
        };
        if let Some(value) = value {
            add(address, value);
        }
    }
    for (address, value) in packed(file)? {
        add(address, Value::Address(value));
    }
    slots.sort_by_key(|slot| slot.address);
    slots.dedup_by_key(|slot| slot.address);
    Ok(slots)
}

/// What a dynamic symbol stands for.
fn symbol<'data>(file: &File<'data>, index: usize, addend: i64) -> Option<Value<'data>> {
    let table = file.dynamic_symbol_table()?;
    let symbol = table.symbol_by_index(object::SymbolIndex(index)).ok()?;
    if symbol.is_undefined() {
        return symbol.name().ok().map(Value::Import);
    }
    Some(Value::Address(symbol.address().wrapping_add_signed(addend)))
}

/// Relative relocations in their packed form: where they are, and what stands there.
fn packed(file: &File<'_>) -> Result<Vec<(u64, u64)>, Error> {
    let (endian, data) = (file.endian(), file.data());
    let mut found = Vec::new();
    for header in file.elf_section_table().iter() {
        let Some(relocations) = header.relr(endian, data)? else {
            continue;
        };
        found.extend(relocations.filter_map(|address| Some((address, word(file, address)?))));
    }
    Ok(found)
}

/// The 8 bytes at an address.
fn word(file: &File<'_>, address: u64) -> Option<u64> {
    let mut sections = file.sections();
    let bytes = sections.find_map(|section| section.data_range(address, 8).ok().flatten())?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// The ranges of addresses that the program may write to while it runs.
fn written(file: &File<'_>) -> Vec<Range<u64>> {
    let kinds = [SectionKind::Data, SectionKind::UninitializedData];
    let relocated_once = |name: &str| {
        [".data.rel.ro", ".got", ".init_array", ".fini_array"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let sections = file.sections();
    sections
        .filter(|section| kinds.contains(&section.kind()))
        .filter(|section| !section.name().is_ok_and(relocated_once))
        .map(|section| section.address()..section.address().saturating_add(section.size()))
        .collect()
}
