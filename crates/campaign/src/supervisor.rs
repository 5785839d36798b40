//! The supervisor: hands out ranges of cases, and survives whatever happens to those who run them.

use crate::message::{Answer, EngineHere, FindingHere, Order};
use crate::options::{Budget, Options};
use crate::stats::Stats;
use assay_targets::{Missing, find};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::ops::Range;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How many cases a worker gets at once. Fixed, since findings are told apart within a range.
const RANGE: u64 = 50;

/// After how long without a word a worker is taken for hung. Engines in other processes have limits
/// of their own, which are shorter.
const SILENCE: Duration = Duration::from_secs(60);

/// How often a range is tried anew when workers keep dying in it.
const DEATHS_PER_RANGE: usize = 20;

/// How often events are told even if nothing happened.
const TICK: Duration = Duration::from_millis(250);

/// Why a campaign cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// A worker cannot be started.
    #[error("cannot start a worker: {0}")]
    Start(#[from] io::Error),
    /// A worker says that it cannot work.
    #[error("{0}")]
    Cannot(String),
    /// A worker died before it was ready, or too often.
    #[error("a worker {0}")]
    Died(String),
}

/// Something that happens while a campaign goes on.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A worker has something to tell the user.
    Say(&'a str),
    /// All engines are known.
    Ready {
        /// Those that take part.
        engines: &'a [EngineHere],
        /// Those that do not.
        missing: &'a [Missing],
    },
    /// A finding of a new signature is on disk.
    Found(&'a FindingHere),
    /// The account so far.
    Progress(&'a Stats),
}

/// What a campaign came to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The account of all cases.
    pub stats: Stats,
    /// How many programs that were: fewer where each is run in several cases.
    pub programs: u64,
    /// The first finding of each signature.
    pub findings: Vec<FindingHere>,
    /// How many cases each signature had kept.
    pub kept: BTreeMap<String, u64>,
    /// The engines that took part.
    pub engines: Vec<EngineHere>,
    /// Those that did not.
    pub missing: Vec<Missing>,
    /// The time from the first case to the last.
    pub seconds: f64,
}

/// Holds a campaign. `worker` makes the command that starts a worker, which calls
/// [`serve`](crate::serve).
///
/// # Errors
///
/// See [`CampaignError`]. What was found until then is on disk.
pub fn supervise(
    options: &Options,
    worker: &dyn Fn() -> Command,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Summary, CampaignError> {
    let (send, receive) = mpsc::channel();
    let mut campaign = Campaign {
        options,
        command: worker,
        send,
        workers: Vec::new(),
        hired: 0,
        next: 0,
        end: None,
        began: Instant::now(),
        summary: Summary::default(),
    };
    // The first worker alone finds, and perhaps installs, the engines.
    campaign.hire(None)?;
    campaign.attend(&receive, tell)
}

/// A line of a worker, or its end.
struct Word {
    worker: u64,
    answer: Option<Answer>,
}

struct Worker {
    id: u64,
    child: Child,
    orders: ChildStdin,
    heard: Instant,
    /// The range that it works on, the cases to skip, and the case that it is at.
    job: Option<Job>,
    at: Option<u64>,
    /// Whether it has its engines.
    ready: bool,
}

#[derive(Clone)]
struct Job {
    cases: Range<u64>,
    skip: Vec<u64>,
    /// A case to describe first, and how it took its worker down.
    describe: Option<(u64, String)>,
    /// How many workers have died on it.
    deaths: usize,
}

struct Campaign<'a> {
    options: &'a Options,
    command: &'a dyn Fn() -> Command,
    send: mpsc::Sender<Word>,
    workers: Vec<Worker>,
    /// How many workers there have been: the number of the last one.
    hired: u64,
    next: u64,
    /// The number of the first case that is not run; none while time decides.
    end: Option<u64>,
    began: Instant,
    summary: Summary,
}

impl Campaign<'_> {
    /// Starts a worker, with a job to take over where there is one.
    fn hire(&mut self, job: Option<Job>) -> Result<(), CampaignError> {
        let mut child = (self.command)()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(mut orders), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(CampaignError::Died("has no pipes".into()));
        };
        self.hired += 1;
        let id = self.hired;
        let send = self.send.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Engines may print to standard output; what is not an answer is not for us.
                if let Ok(answer) = serde_json::from_str(&line)
                    && send
                        .send(Word {
                            worker: id,
                            answer: Some(answer),
                        })
                        .is_err()
                {
                    return;
                }
            }
            send.send(Word {
                worker: id,
                answer: None,
            })
            .ok();
        });
        let start = Order::Start {
            target: self.options.target.clone(),
            seed: self.options.seed,
            out: self.options.out.clone(),
            engines: self.options.engines.clone(),
        };
        order(&mut orders, &start).ok();
        self.workers.push(Worker {
            id,
            child,
            orders,
            heard: Instant::now(),
            job,
            at: None,
            ready: false,
        });
        Ok(())
    }

    fn attend(
        mut self,
        receive: &mpsc::Receiver<Word>,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> Result<Summary, CampaignError> {
        let mut told = Instant::now();
        while !self.workers.is_empty() {
            match receive.recv_timeout(TICK) {
                Ok(word) => self.hear(word, tell)?,
                Err(RecvTimeoutError::Timeout) => self.kill_the_silent(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if told.elapsed() >= TICK {
                told = Instant::now();
                tell(Event::Progress(&self.summary.stats));
            }
        }
        let cases = self.summary.stats.cases;
        let runs = find(&self.options.target).map_or(1, |target| target.runs);
        self.summary.programs = cases.div_ceil(runs);
        self.summary.seconds = self.began.elapsed().as_secs_f64();
        self.summary.findings.sort();
        Ok(std::mem::take(&mut self.summary))
    }

    fn hear(&mut self, word: Word, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), CampaignError> {
        let Some(place) = self
            .workers
            .iter()
            .position(|worker| worker.id == word.worker)
        else {
            return Ok(());
        };
        self.workers[place].heard = Instant::now();
        match word.answer {
            None => return self.bury(place),
            Some(Answer::Say(line)) => tell(Event::Say(&line)),
            Some(Answer::Cannot(why)) => return Err(CampaignError::Cannot(why)),
            Some(Answer::At(case)) => self.workers[place].at = Some(case),
            Some(Answer::Found(finding)) => self.found(finding, tell),
            Some(Answer::Ready {
                engines,
                missing,
                modules,
            }) => {
                self.workers[place].ready = true;
                if self.summary.engines.is_empty() {
                    tell(Event::Ready {
                        engines: &engines,
                        missing: &missing,
                    });
                    self.open(engines, missing, modules)?;
                }
                self.employ(place);
            }
            Some(Answer::Done(stats)) => {
                self.summary.stats.merge(&stats);
                let worker = &mut self.workers[place];
                worker.at = None;
                let described = worker.job.as_mut().and_then(|job| job.describe.take());
                if described.is_none() {
                    worker.job = None;
                }
                self.employ(place);
            }
        }
        Ok(())
    }

    /// The engines are known: the campaign begins, and the other workers are hired.
    fn open(
        &mut self,
        engines: Vec<EngineHere>,
        missing: Vec<Missing>,
        modules: usize,
    ) -> Result<(), CampaignError> {
        let subjects = engines.iter().filter(|engine| engine.subject).count();
        self.end = match self.options.budget {
            Budget::Cases(cases) => Some(cases),
            Budget::Time(_) => None,
            Budget::Modules => Some((modules * subjects) as u64),
        };
        self.summary.engines = engines;
        self.summary.missing = missing;
        self.began = Instant::now();
        (1..self.options.jobs).try_for_each(|_| self.hire(None))
    }

    fn found(&mut self, finding: FindingHere, tell: &mut dyn FnMut(Event<'_>)) {
        *self
            .summary
            .kept
            .entry(finding.signature.clone())
            .or_default() += 1;
        let findings = &mut self.summary.findings;
        match findings
            .iter_mut()
            .find(|known| known.signature == finding.signature)
        {
            Some(known) if known.case <= finding.case => {}
            Some(known) => *known = finding,
            None => {
                tell(Event::Found(&finding));
                findings.push(finding);
            }
        }
    }

    /// Gives a worker its next order, or its leave.
    fn employ(&mut self, place: usize) {
        if self.workers[place].job.is_none() {
            self.workers[place].job = self.next_job();
        }
        let worker = &mut self.workers[place];
        let sent = match &worker.job {
            Some(Job {
                describe: Some((case, how)),
                ..
            }) => order(
                &mut worker.orders,
                &Order::Describe {
                    case: *case,
                    how: how.clone(),
                },
            ),
            Some(job) => order(
                &mut worker.orders,
                &Order::Run {
                    cases: job.cases.clone(),
                    skip: job.skip.clone(),
                },
            ),
            None => {
                // Its input ends, and so does it.
                let mut worker = self.workers.remove(place);
                drop(worker.orders);
                worker.child.wait().ok();
                return;
            }
        };
        // A worker that is gone will say so by the end of its output.
        sent.ok();
    }

    fn next_job(&mut self) -> Option<Job> {
        let open = match (self.options.budget, self.end) {
            (Budget::Time(time), _) => self.began.elapsed() < time,
            (_, end) => end.is_some_and(|end| self.next < end),
        };
        if !open {
            return None;
        }
        let end = self
            .end
            .map_or(self.next + RANGE, |end| end.min(self.next + RANGE));
        let cases = self.next..end;
        self.next = end;
        Some(Job {
            cases,
            skip: Vec::new(),
            describe: None,
            deaths: 0,
        })
    }

    /// A worker has died: the case that it was at is a finding, and another takes over its range
    /// from the start, so that the account is that of the whole range.
    fn bury(&mut self, place: usize) -> Result<(), CampaignError> {
        let mut worker = self.workers.remove(place);
        drop(worker.orders);
        let how = worker
            .child
            .wait()
            .map_or_else(|error| error.to_string(), describe);
        if !worker.ready {
            return Err(CampaignError::Died(format!("{how} before it was ready")));
        }
        let Some(mut job) = worker.job else {
            return Ok(());
        };
        job.deaths += 1;
        if job.deaths > DEATHS_PER_RANGE {
            return Err(CampaignError::Died(format!("{how}, too often")));
        }
        if let Some(case) = worker.at {
            job.skip.push(case);
            job.describe = Some((case, how));
        }
        self.hire(Some(job))
    }

    fn kill_the_silent(&mut self) {
        for worker in &mut self.workers {
            if worker.at.is_some() && worker.heard.elapsed() > SILENCE {
                // Its output ends, and it is buried like any other.
                worker.child.kill().ok();
            }
        }
    }
}

impl Drop for Campaign<'_> {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            worker.child.kill().ok();
            worker.child.wait().ok();
        }
    }
}

fn order(to: &mut ChildStdin, order: &Order) -> io::Result<()> {
    let mut line = serde_json::to_string(order).map_err(io::Error::other)?;
    line.push('\n');
    to.write_all(line.as_bytes())?;
    to.flush()
}

/// How a process ended, without numbers that differ from run to run.
fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            4 => "died of SIGILL".into(),
            6 => "aborted".into(),
            7 => "died of SIGBUS".into(),
            9 => "was killed, or hung".into(),
            11 => "died of SIGSEGV".into(),
            other => format!("died of signal {other}"),
        };
    }
    match status.code() {
        Some(101) => "panicked".into(),
        Some(code) => format!("exited with {code}"),
        None => "ended".into(),
    }
}
