//! The search for shortest paths.

use crate::program::{Edge, Link, Program};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a path costs: the taken addresses on it, then its steps.
type Cost = (u32, u32);

/// Which functions reach the roots, and how.
#[derive(Debug)]
pub struct Reach<'p> {
    program: &'p Program<'p>,
    /// By nodes.
    ways: Vec<Option<Way>>,
}

/// The way on from a node.
#[derive(Debug, Clone, Copy)]
struct Way {
    cost: Cost,
    /// None for a root.
    next: Option<(Edge, usize)>,
}

/// A path from a function to a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The steps; none for a root itself.
    pub steps: Vec<Step>,
}

/// A step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How it refers to the next function.
    pub edge: Edge,
    /// The next function.
    pub to: usize,
}

impl Path {
    /// How many addresses are taken on it. With none, all of it are calls and jumps.
    pub fn taken(&self) -> usize {
        let taken = self.steps.iter().filter(|step| step.edge == Edge::Takes);
        taken.count()
    }
}

impl Program<'_> {
    /// Searches for the functions that reach one of the roots. No path goes on through a function
    /// where `is_stop`, but one may begin there. A root is no stop.
    pub fn reach(&self, roots: &[usize], is_stop: impl Fn(usize) -> bool) -> Reach<'_> {
        let mut reach = Reach {
            program: self,
            ways: vec![None; self.nodes()],
        };
        let mut waiting = BinaryHeap::new();
        for root in roots.iter().filter(|root| **root < self.functions().len()) {
            reach.ways[*root] = Some(Way {
                cost: (0, 0),
                next: None,
            });
            waiting.push(Reverse(((0, 0), *root)));
        }
        while let Some(Reverse((cost, node))) = waiting.pop() {
            let outdated = reach.ways[node].is_some_and(|way| way.cost < cost);
            let is_stop = reach.is_function(node) && is_stop(node);
            if outdated || is_stop {
                continue;
            }
            for link in self.links_to(node) {
                if let Some(cost) = reach.improve(link, cost) {
                    waiting.push(Reverse((cost, link.from)));
                }
            }
        }
        reach
    }
}

impl Reach<'_> {
    /// Takes a link if the way is cheaper, and says what it costs then.
    fn improve(&mut self, link: &Link, behind: Cost) -> Option<Cost> {
        let cost = match (self.is_function(link.from), link.edge) {
            // Who has a table has what is in it.
            (false, _) => behind,
            (true, Edge::Calls) => (behind.0, behind.1 + 1),
            (true, Edge::Takes) => (behind.0 + 1, behind.1 + 1),
        };
        let way = self.ways.get_mut(link.from)?;
        if way.is_some_and(|way| way.cost <= cost) {
            return None;
        }
        *way = Some(Way {
            cost,
            next: Some((link.edge, link.to)),
        });
        Some(cost)
    }

    fn is_function(&self, node: usize) -> bool {
        node < self.program.functions().len()
    }

    /// The functions that reach a root, and the roots themselves.
    pub fn functions(&self) -> impl Iterator<Item = usize> {
        let functions = self.program.functions().len();
        (0..functions).filter(|function| self.ways[*function].is_some())
    }

    /// The shortest path from a function, if it reaches a root: of all paths with the fewest taken
    /// addresses one with the fewest steps.
    pub fn path(&self, function: usize) -> Option<Path> {
        let mut way = (*self.ways.get(function)?)?;
        let mut steps = Vec::new();
        let mut by = None;
        while let Some((edge, to)) = way.next {
            let edge = *by.get_or_insert(edge);
            if self.is_function(to) {
                steps.push(Step { edge, to });
                by = None;
            }
            way = self.ways[to]?;
        }
        Some(Path { steps })
    }
}
