//! What refers to what.

use crate::code::{self, How, Reference};
use crate::elf::{Image, Value};
use crate::layout::Layout;
use crate::program::{Edge, Link};

/// The number of nodes, and the edges between them, by their targets. Nodes are the functions, and
/// behind them the tables of functions.
pub(crate) fn links(
    image: &Image<'_>,
    layout: &Layout<'_>,
    references: &[Reference],
) -> (usize, Vec<Link>) {
    let mut graph = Graph {
        image,
        layout,
        tables: tables(image, layout, references),
        links: Vec::new(),
    };
    references.iter().for_each(|reference| graph.add(reference));
    (0..graph.tables.len()).for_each(|table| graph.add_table(table));
    for (piece, next) in layout.pieces.iter().zip(layout.pieces.iter().skip(1)) {
        if piece.runs_on {
            graph.link(piece.function, Edge::Calls, next.function);
        }
    }
    let mut links = graph.links;
    links.sort_unstable();
    links.dedup();
    (layout.functions.len() + graph.tables.len(), links)
}

/// Where tables may begin: addresses in data that something refers to, and those of sections, so that
/// no table goes on into another section.
fn tables(image: &Image<'_>, layout: &Layout<'_>, references: &[Reference]) -> Vec<u64> {
    let taken = references.iter().filter(|found| found.how == How::Takes);
    let pointed = image.slots.iter().filter_map(|slot| match slot.value {
        Value::Address(address) => Some(address),
        Value::Import(_) => None,
    });
    let mut starts: Vec<u64> = taken.map(|found| found.to).chain(pointed).collect();
    starts.retain(|address| layout.around(*address).is_none());
    let sections = image.code.iter().chain(&image.data);
    starts.extend(sections.map(|section| section.address));
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// The graph while it is made.
struct Graph<'a> {
    image: &'a Image<'a>,
    layout: &'a Layout<'a>,
    tables: Vec<u64>,
    links: Vec<Link>,
}

impl Graph<'_> {
    fn add(&mut self, reference: &Reference) {
        let Some(piece) = self.layout.pieces.get(reference.from as usize) else {
            return;
        };
        let (from, to) = (piece.function, reference.to);
        match reference.how {
            How::Calls => self.call(from, to),
            How::CallsSlot => self.call_slot(from, to),
            How::Takes => self.take(from, to),
            How::Reads { bytes } => self.read(from, to, bytes),
        }
    }

    fn call(&mut self, from: usize, to: u64) {
        if let Some(function) = self.layout.around(to) {
            self.link(from, Edge::Calls, function);
        } else if let Some(slot) = code::stub(self.image, to) {
            self.call_slot(from, slot);
        }
    }

    fn call_slot(&mut self, from: usize, address: u64) {
        let Some(slot) = self.image.slots_in(address, 1).first() else {
            return;
        };
        match (slot.value, slot.constant) {
            (Value::Address(to), true) if self.layout.around(to).is_some() => self.call(from, to),
            (Value::Import(name), true) => self.import(from, Edge::Calls, name),
            (value, _) => self.point(from, value),
        }
    }

    fn take(&mut self, from: usize, to: u64) {
        if let Some(function) = self.layout.at(to) {
            self.link(from, Edge::Takes, function);
        } else if let Ok(table) = self.tables.binary_search(&to) {
            self.link(from, Edge::Takes, self.layout.functions.len() + table);
        }
    }

    /// Adds all pointers from an address on.
    fn read(&mut self, from: usize, address: u64, bytes: u64) {
        for slot in self.image.slots_in(address, bytes) {
            self.point(from, slot.value);
        }
    }

    fn add_table(&mut self, table: usize) {
        let Some(start) = self.tables.get(table).copied() else {
            return;
        };
        let end = self.tables.get(table + 1).copied().unwrap_or(u64::MAX);
        self.read(self.layout.functions.len() + table, start, end - start);
    }

    fn point(&mut self, from: usize, value: Value<'_>) {
        match value {
            Value::Address(to) => self.take(from, to),
            Value::Import(name) => self.import(from, Edge::Takes, name),
        }
    }

    fn import(&mut self, from: usize, edge: Edge, name: &str) {
        if let Some(import) = self.layout.import(name) {
            self.link(from, edge, import);
        }
    }

    fn link(&mut self, from: usize, edge: Edge, to: usize) {
        if from != to {
            self.links.push(Link { to, edge, from });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::{Section, Slot, Symbol};

    /// `call 0x1010`, `ret`; behind it, without a symbol, `endbr64`, `jmp [0x2000]`.
    const CODE: [u8; 26] = [
        0xe8, 0x0b, 0, 0, 0, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
        0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0xe6, 0x0f, 0, 0,
    ];

    #[test]
    fn a_stub_leads_to_another_library_and_a_pointer_that_may_change_is_no_call() {
        for (constant, edge) in [(true, Edge::Calls), (false, Edge::Takes)] {
            let image = Image {
                code: vec![Section {
                    address: 0x1000,
                    bytes: &CODE,
                }],
                data: Vec::new(),
                symbols: vec![Symbol {
                    address: 0x1000,
                    size: 6,
                    name: "f",
                }],
                slots: vec![Slot {
                    address: 0x2000,
                    value: Value::Import("g"),
                    constant,
                }],
            };
            let layout = Layout::new(&image).expect("a layout");
            let pieces: Vec<_> = layout.pieces.iter().map(|p| p.range.clone()).collect();
            let (_, mut links) = links(&image, &layout, &code::references(&image, &pieces));
            // Nothing refers to the table that the section of code might be.
            links.retain(|link| link.from == 0);
            assert_eq!(
                links,
                [Link {
                    to: 1,
                    edge,
                    from: 0
                }]
            );
            assert!(layout.functions[1].imported);
        }
    }
}
