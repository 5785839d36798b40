//! Schedules: which plans are tried, and in which order.

use super::batch::Record;
use crate::hook::mix;
use crate::plan::{Plan, Resource, Rule};
use std::collections::{HashMap, HashSet};

/// How much is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Operations of up to so many requests have each of them failed. Of larger ones, every context
    /// has its first, its last and one between failed first; then come the rest, while time lasts.
    pub exhaustive_up_to: u64,
    /// Whether memory is also tried to stay short once it is.
    pub sticky: bool,
    /// How many of the requests that follow a failure are failed as well, one at a time, for each
    /// context.
    pub pairs: u64,
    /// How many pseudorandom plans there are.
    pub random: u32,
    /// How many requests in a million they fail.
    pub per_million: u32,
    /// Memory stays short for requests of at least so many bytes, from the first one on.
    pub sizes: Vec<usize>,
    /// The seed of what is chosen.
    pub seed: u64,
    /// How many plans there are at most, for each resource, before pairs.
    pub at_most: usize,
    /// Whether virtual memory runs out too, where the kernel lets its calls be intercepted.
    pub mappings: bool,
    /// Whether the calls that give virtual memory back (`munmap`, `madvise`) fail too. The kernel
    /// fails them only when they would split a mapping of a process that has too many.
    pub releases: bool,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            exhaustive_up_to: 2_000,
            sticky: true,
            pairs: 8,
            random: 32,
            per_million: 100_000,
            sizes: vec![4_096, 65_536],
            seed: 0,
            at_most: usize::MAX,
            mappings: true,
            releases: false,
        }
    }
}

impl Schedule {
    /// The first plans, for an operation whose requests come from these contexts.
    pub(crate) fn first(&self, resource: Resource, contexts: &[u64]) -> Vec<Plan> {
        let requests = contexts.len() as u64;
        let of = |rule| Plan {
            resource,
            rule,
            at_least: 0,
        };
        let numbers: Vec<u64> = match requests <= self.exhaustive_up_to {
            true => (0..requests).collect(),
            false => by_context(contexts, self.seed),
        };
        let mut plans: Vec<Plan> = numbers.iter().map(|n| of(Rule::Nth(*n))).collect();
        // What has few plans comes before what has many and may not be finished.
        let few = contexts
            .iter()
            .collect::<HashSet<_>>()
            .len()
            .saturating_mul(3);
        let rest = plans.split_off(plans.len().min(few.max(self.exhaustive_up_to as usize)));
        if self.sticky {
            plans.extend(
                numbers
                    .iter()
                    .take(plans.len())
                    .map(|n| of(Rule::StickyFrom(*n))),
            );
        }
        if requests > 0 {
            plans.extend((0..self.random).map(|number| {
                of(Rule::Random {
                    seed: mix(self.seed ^ u64::from(number)),
                    per_million: self.per_million,
                })
            }));
            let sizes = self.sizes.iter();
            plans.extend(sizes.map(|bytes| of(Rule::StickyFrom(0)).at_least(*bytes)));
        }
        plans.extend(rest);
        plans.truncate(self.at_most);
        plans
    }

    /// The second failures, after the first ones of these records; one record for each context.
    pub(crate) fn pairs(&self, records: &[Record], context: impl Fn(u64) -> u64) -> Vec<Plan> {
        let mut seen = HashSet::new();
        let mut plans = Vec::new();
        for record in records {
            let (Rule::Nth(first), Some(failure)) = (record.plan.rule, record.outcome.first) else {
                continue;
            };
            if record.bad.is_some() || !seen.insert((record.plan.resource, context(failure.stack)))
            {
                continue;
            }
            plans.extend((0..record.outcome.after.min(self.pairs)).map(|gap| Plan {
                rule: Rule::Pair { first, gap },
                ..record.plan
            }));
        }
        plans
    }
}

/// All numbers; those first that are the first, the last or one between of their context.
fn by_context(contexts: &[u64], seed: u64) -> Vec<u64> {
    let mut order = Vec::new();
    let mut places: HashMap<u64, Vec<u64>> = HashMap::new();
    for (number, context) in contexts.iter().enumerate() {
        let places = places.entry(*context).or_insert_with(|| {
            order.push(*context);
            Vec::new()
        });
        places.push(number as u64);
    }
    let mut chosen = Vec::new();
    let mut have = HashSet::new();
    for context in &order {
        let places = &places[context];
        let between = mix(seed ^ context) % places.len() as u64;
        for place in [0, places.len() - 1, between as usize] {
            let number = places[place];
            if have.insert(number) {
                chosen.push(number);
            }
        }
    }
    let mut rest: Vec<u64> = (0..contexts.len() as u64)
        .filter(|n| !have.contains(n))
        .collect();
    rest.sort_by_key(|number| mix(seed ^ mix(*number)));
    chosen.extend(rest);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_operations_are_tried_exhaustively() {
        let schedule = Schedule {
            random: 0,
            sizes: Vec::new(),
            ..Schedule::default()
        };
        let plans = schedule.first(Resource::Heap, &[7, 7, 8]);
        let texts: Vec<_> = plans.iter().map(Plan::to_string).collect();
        assert_eq!(
            texts,
            [
                "nth:0", "nth:1", "nth:2", "sticky:0", "sticky:1", "sticky:2"
            ]
        );
    }

    #[test]
    fn of_large_ones_every_context_comes_first_and_all_come_once() {
        let contexts: Vec<u64> = (0..5_000).map(|n| n % 3 / 2).collect();
        let numbers = by_context(&contexts, 1);
        assert!(numbers[..6].contains(&0) && numbers[..6].contains(&4_999));
        assert!(numbers[..6].contains(&2) && numbers[..6].contains(&4_997));
        let distinct: HashSet<_> = numbers.iter().collect();
        assert_eq!((numbers.len(), distinct.len()), (5_000, 5_000));
    }

    #[test]
    fn nothing_is_tried_where_nothing_is_asked_for() {
        assert_eq!(Schedule::default().first(Resource::Mapping, &[]), []);
    }
}
