//! What `assay oom static` prints.

use super::analysis::{Opinion, Opinions, Reached};
use super::seen::{Account, Seen, Standing};
use assay_reach::Edge;
use serde_json::{Value, json};

/// The groups of the join, in the order in which they are printed.
const GROUPS: [(Standing, &str); 3] = [
    (Standing::Failed, "failed at least once"),
    (Standing::NeverFailed, "seen and never failed"),
    (Standing::NeverSeen, "never seen: to do"),
];

/// An opinion, joined with what the explorer saw.
pub struct Joined<'a> {
    pub opinion: &'a Opinion,
    /// None where that is not known.
    pub seen: Option<&'a Seen>,
    /// The functions in which the explorer saw what no path explains.
    pub missed: Vec<&'a str>,
}

impl Joined<'_> {
    /// A root for people: all that reach it, or the groups of the join.
    pub fn text(&self) -> String {
        let root = self.opinion.root;
        let mut text = format!("{}: {}\n", root.name, root.why);
        let Some(seen) = self.seen else {
            let all = self.opinion.reached.iter();
            text.extend(all.map(|reached| function(reached, None)));
            return text;
        };
        for (standing, title) in GROUPS {
            let members = self.of(standing);
            text += &format!("\n{} directly, {title}: {}\n", root.name, members.len());
            text.extend(members.iter().map(|reached| {
                let account = seen.account(reached);
                function(reached, Some(&account))
            }));
        }
        if let Some(verdict) = root.verdict {
            let missed = self.missed.len();
            text += &format!("\n{verdict} seen, but no path to {}: {missed}\n", root.name);
            text.extend(self.missed.iter().map(|name| format!("     {name}\n")));
        }
        text.push('\n');
        text
    }

    /// What reaches the root directly and stands so.
    fn of(&self, standing: Standing) -> Vec<&Reached> {
        let stands = |reached: &&Reached| {
            self.seen
                .is_some_and(|seen| seen.standing(reached) == standing)
        };
        self.opinion.direct().filter(stands).collect()
    }

    /// A root as JSON, a line for each function that reaches it and one for the root.
    pub fn json(&self) -> String {
        let reached = self.opinion.reached.iter();
        let mut lines: Vec<Value> = reached.map(|reached| self.function(reached)).collect();
        lines.push(self.root());
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn function(&self, reached: &Reached) -> Value {
        let account = self.seen.map(|seen| seen.account(reached));
        let path = reached.path.iter();
        let path: Vec<Value> = path
            .map(|(edge, to)| json!({ "edge": word(*edge), "to": to }))
            .collect();
        json!({
            "kind": "function",
            "root": self.opinion.root.name,
            "function": reached.name(),
            "names": reached.names,
            "instances": reached.instances,
            "direct": reached.is_direct,
            "taken": reached.taken,
            "path": path,
            "seen": account.as_ref().map(|account| account.seen),
            "failed": account.as_ref().map(|account| account.failed),
            "verdicts": account.as_ref().map(|account| &account.verdicts),
        })
    }

    fn root(&self) -> Value {
        let [direct, others, taken] = self.opinion.numbers();
        let number = |standing| self.seen.map(|_| self.of(standing).len());
        json!({
            "kind": "root",
            "root": self.opinion.root.name,
            "in_binary": self.opinion.in_binary,
            "functions": self.opinion.reached.len(),
            "direct": direct,
            "by_others": others,
            "by_taken_address": taken,
            "direct_failed": number(Standing::Failed),
            "direct_never_failed": number(Standing::NeverFailed),
            "direct_never_seen": number(Standing::NeverSeen),
            "no_path": self.seen.map(|_| &self.missed),
        })
    }
}

/// A function: the length of its path, its name, and the path.
fn function(reached: &Reached, account: Option<&Account>) -> String {
    let mut text = format!("{:>4} {}", reached.path.len(), reached.name());
    if reached.instances > 1 {
        text += &format!(" ({} instances)", reached.instances);
    }
    text.push('\n');
    if let Some(account) = account.filter(|account| account.seen > 0) {
        let verdicts = account.verdicts.iter();
        let verdicts: Vec<_> = verdicts
            .map(|(name, runs)| format!("{name} {runs}"))
            .collect();
        let (failed, seen) = (account.failed, account.seen);
        text += &format!(
            "       failed {failed} of {seen}: {}\n",
            verdicts.join(", ")
        );
        return text;
    }
    if reached.path.is_empty() {
        text += "       has it inlined\n";
    }
    for (edge, name) in &reached.path {
        text += &format!("       {:<5} {name}\n", word(*edge));
    }
    text
}

const fn word(edge: Edge) -> &'static str {
    match edge {
        Edge::Calls => "calls",
        Edge::Takes => "takes",
    }
}

/// How many there are of each, and the stops.
pub fn counts(opinions: &Opinions) -> String {
    let functions = opinions.functions;
    let mut text = format!("\n{functions} functions read; no path goes through\n");
    for (stop, in_binary) in &opinions.stops {
        let note = match in_binary {
            0 => " (not in the binary)",
            _ => "",
        };
        text += &format!("     {}{note}: {}\n", stop.function, stop.why);
    }
    for opinion in &opinions.roots {
        let name = opinion.root.name;
        if opinion.in_binary == 0 {
            text += &format!("{name} is not in the binary\n");
            continue;
        }
        let [direct, others, taken] = opinion.numbers();
        let all = opinion.reached.len();
        text += &format!(
            "{name} can be reached from {all} functions: from {direct} directly, from {others} by \
             way of others, from {taken} by a taken address alone\n"
        );
    }
    text
}

/// The stops as JSON, a line each.
pub fn stops_json(opinions: &Opinions) -> String {
    let lines = opinions.stops.iter().map(|(stop, in_binary)| {
        let function = stop.function;
        json!({ "kind": "stop", "function": function, "in_binary": in_binary, "why": stop.why })
    });
    lines.map(|line| format!("{line}\n")).collect()
}
