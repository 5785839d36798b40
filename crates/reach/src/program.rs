//! A program as a graph: functions, tables of functions, and what refers to what.

use crate::Error;
use crate::code::{self, How, Reference};
use crate::elf::{Image, Section};
use crate::graph;
use crate::layout::{Layout, Piece};
use std::fmt;
use std::ops::Range;

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its names as in the source, without hashes. There are several where the linker has made one of
    /// functions of the same code.
    pub names: Vec<String>,
    /// It is of another library.
    pub imported: bool,
}

/// How a function refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    /// It calls it, or jumps to it.
    Calls,
    /// It takes its address, or that of a table in which it is.
    Takes,
}

/// A program.
pub struct Program<'data> {
    pub(crate) functions: Vec<Function>,
    /// By their targets.
    links: Vec<Link>,
    /// The first link of each target, and the end.
    first: Vec<usize>,
    data: Vec<Section<'data>>,
    /// Addresses in the data that functions take, in their order, and the functions.
    taken: Vec<(u64, usize)>,
}

/// An edge of the graph. Nodes are the functions, and behind them the tables of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    pub(crate) to: usize,
    pub(crate) edge: Edge,
    pub(crate) from: usize,
}

impl<'data> Program<'data> {
    /// Reads a binary.
    ///
    /// # Errors
    ///
    /// When it is of another kind, is damaged, or has no symbols.
    pub fn read(bytes: &'data [u8]) -> Result<Self, Error> {
        let image = Image::read(bytes)?;
        let layout = Layout::new(&image)?;
        let pieces: Vec<Range<u64>> = layout.pieces.iter().map(|p| p.range.clone()).collect();
        let references = code::references(&image, &pieces);
        let (nodes, links) = graph::links(&image, &layout, &references);
        let first = (0..=nodes)
            .map(|node| links.partition_point(|link| link.to < node))
            .collect();
        Ok(Self {
            links,
            first,
            taken: taken(&layout.pieces, &references),
            data: image.data,
            functions: layout.functions,
        })
    }

    /// All functions. Elsewhere they are named by their place in this list.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The functions with one of the names that are wanted.
    pub fn named(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<usize> {
        let functions = self.functions.iter().enumerate();
        functions
            .filter(|(_, function)| function.names.iter().any(|name| is_wanted(name)))
            .map(|(place, _)| place)
            .collect()
    }

    /// The functions that take the address of a text in the data, such as that of a panic's message.
    /// It is what remains of a function that was inlined everywhere.
    pub fn mentioning(&self, text: &[u8]) -> Vec<usize> {
        let mut found: Vec<usize> = self
            .data
            .iter()
            .flat_map(|section| section.find(text))
            .flat_map(|address| {
                let from = address.saturating_sub(LENGTH);
                let before = |limit| self.taken.partition_point(|(taken, _)| *taken < limit);
                &self.taken[before(from)..before(address.saturating_add(1))]
            })
            .map(|(_, function)| *function)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// How many nodes the graph has.
    pub(crate) fn nodes(&self) -> usize {
        self.first.len().saturating_sub(1)
    }

    /// What refers to a node.
    pub(crate) fn links_to(&self, node: usize) -> &[Link] {
        let bounds = self.first.get(node).zip(self.first.get(node + 1));
        bounds.map_or(&[], |(start, end)| &self.links[*start..*end])
    }
}

impl fmt::Debug for Program<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = out.debug_struct("Program");
        out.field("functions", &self.functions.len());
        out.field("links", &self.links.len());
        out.finish_non_exhaustive()
    }
}

/// The bytes of a text's length, which may stand before it: the address taken is then that of the length.
const LENGTH: u64 = 2;

fn taken(pieces: &[Piece], references: &[Reference]) -> Vec<(u64, usize)> {
    let taken = references.iter().filter(|found| found.how == How::Takes);
    let mut taken: Vec<(u64, usize)> = taken
        .filter_map(|found| Some((found.to, pieces.get(found.from as usize)?.function)))
        .collect();
    taken.sort_unstable();
    taken
}
