//! The account of each site, over all scenarios.

use assay_oom::{Report, Verdict};
use std::collections::BTreeMap;

/// What is known of a site.
#[derive(Default)]
struct Account {
    seen: u64,
    failed: u64,
    verdicts: BTreeMap<Verdict, u64>,
}

/// A row for each place that asks for memory, and each API from which it is reached: how often in
/// clean runs, how many of these requests were failed, and the verdicts.
pub fn table(reports: &[Report]) -> String {
    let mut accounts: BTreeMap<_, Account> = BTreeMap::new();
    for site in reports.iter().flat_map(|report| &report.sites) {
        let key = (&site.place, &site.resource, &site.root);
        let account = accounts.entry(key).or_default();
        account.seen += site.seen;
        account.failed += site.failed;
        for (verdict, runs) in &site.verdicts {
            *account.verdicts.entry(*verdict).or_default() += runs;
        }
    }
    let mut text = format!("{:>7} {:>7} {:<8} site\n", "seen", "failed", "resource");
    for ((place, resource, root), account) in &accounts {
        let Account { seen, failed, .. } = account;
        let verdicts = account.verdicts.iter();
        let verdicts: Vec<_> = verdicts
            .map(|(verdict, runs)| format!("{verdict} {runs}"))
            .collect();
        text += &format!("{seen:>7} {failed:>7} {resource:<8} {place}\n");
        text += &format!("{:24} {}; from {root}\n", "", verdicts.join(", "));
    }
    text
}
