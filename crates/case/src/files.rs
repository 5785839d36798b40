//! Cases as files: one or two, always whole.

use crate::error::Fault;
use crate::header::{self, Header, HeaderError};
use crate::{Case, CaseError, join, script, split};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The header's file in a folder.
const HEADER_FILE: &str = "case.toml";

/// The script's file in a folder.
const SCRIPT_FILE: &str = "case.wast";

/// How the name of a single file ends.
const SINGLE_FILE: &str = ".case.wast";

/// What the lines of a header begin with in a single file.
const MARK: &str = ";;;";

/// How often a folder is put in place again after another writer was faster.
const ATTEMPTS: usize = 8;

impl Case {
    /// The script: what `case.wast` holds.
    ///
    /// # Errors
    ///
    /// [`CaseError::Unwritable`], see [`Case::check`].
    pub fn to_wast(&self) -> Result<String, CaseError> {
        let (_, script) = split::split(self)?;
        Ok(script::write(&script, self.program.shim.as_ref()))
    }

    /// The header: what `case.toml` holds.
    ///
    /// # Errors
    ///
    /// [`CaseError::Unwritable`], see [`Case::check`].
    pub fn to_toml(&self) -> Result<String, CaseError> {
        split::split(self)?
            .0
            .to_toml()
            .map_err(CaseError::unwritable)
    }

    /// Header and script in one: what a `NAME.case.wast` holds.
    ///
    /// # Errors
    ///
    /// [`CaseError::Unwritable`], see [`Case::check`].
    pub fn to_single(&self) -> Result<String, CaseError> {
        let mut text = String::new();
        for line in self.to_toml()?.trim_end().split('\n') {
            text.push_str(MARK);
            if !line.is_empty() {
                text.push(' ');
                text.push_str(line);
            }
            text.push('\n');
        }
        Ok(text + "\n" + &self.to_wast()?)
    }

    /// Writes the case as a folder with two files, which appears whole: a process that is killed
    /// leaves a whole case or none. Where a folder of that name is a case, it is replaced, and
    /// for a moment there is none.
    ///
    /// # Errors
    ///
    /// [`CaseError::Unwritable`], [`CaseError::Io`], or [`CaseError::Occupied`] where something
    /// that is not a case has that name.
    pub fn write_dir(&self, dir: &Path) -> Result<(), CaseError> {
        let (toml, wast) = (self.to_toml()?, self.to_wast()?);
        let staged = staged(dir)?;
        fs::create_dir(&staged).map_err(|e| io_error(&staged, "create", e))?;
        let placed = write_whole(&staged.join(HEADER_FILE), &toml)
            .and_then(|()| write_whole(&staged.join(SCRIPT_FILE), &wast))
            .and_then(|()| put_folder(&staged, dir));
        placed.inspect_err(|_| {
            // The error is what matters; a folder left behind has a name that no reader takes.
            drop(fs::remove_dir_all(&staged));
        })
    }

    /// Writes the case as a single file, best called `NAME.case.wast`, which appears whole: a
    /// process that is killed leaves a whole case or what was there before. A file of that name
    /// is replaced, and whoever reads meanwhile gets the one or the other.
    ///
    /// # Errors
    ///
    /// [`CaseError::Unwritable`] or [`CaseError::Io`].
    pub fn write_file(&self, path: &Path) -> Result<(), CaseError> {
        let text = self.to_single()?;
        let staged = staged(path)?;
        let placed = write_whole(&staged, &text)
            .and_then(|()| fs::rename(&staged, path).map_err(|e| io_error(path, "write", e)));
        placed.inspect_err(|_| {
            // The error is what matters; a file left behind has a name that no reader takes.
            drop(fs::remove_file(&staged));
        })
    }

    /// Reads a case: a folder, one of the two files in it, or a single file.
    ///
    /// # Errors
    ///
    /// See [`CaseError`]; each names the file, and the line where there is one.
    pub fn read(path: &Path) -> Result<Self, CaseError> {
        if path.is_dir() {
            return Self::read_dir(path);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let name = path.file_name().unwrap_or_default();
        if name == HEADER_FILE || (name == SCRIPT_FILE && folder.join(HEADER_FILE).is_file()) {
            return Self::read_dir(folder);
        }
        Self::parse(&read_text(path)?, path)
    }

    fn read_dir(dir: &Path) -> Result<Self, CaseError> {
        let (header_path, script_path) = (dir.join(HEADER_FILE), dir.join(SCRIPT_FILE));
        let toml = read_text(&header_path)?;
        let wast = read_text(&script_path)?;
        let header = parse_header(&toml, &header_path, 0)?;
        assemble(header, &wast, &script_path, dir)
    }

    /// Reads the text of a single file; `path` is only for messages.
    ///
    /// # Errors
    ///
    /// As [`Case::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, CaseError> {
        let lines = text.split('\n').take_while(|line| line.starts_with(MARK));
        let toml: Vec<_> = lines.map(unmarked).collect();
        if toml.is_empty() {
            return Err(CaseError::NoHeader {
                path: path.to_owned(),
            });
        }
        let header = parse_header(&toml.join("\n"), path, MARK.len() + 1)?;
        assemble(header, text, path, path)
    }

    /// All cases at or under `path`, sorted. What begins with a dot is left out: a case that is
    /// still being written does.
    ///
    /// # Errors
    ///
    /// [`CaseError::Io`] or [`CaseError::Missing`]; the cases themselves are not read.
    pub fn find(path: &Path) -> Result<Vec<PathBuf>, CaseError> {
        let mut found = Vec::new();
        let mut folders = Vec::new();
        if path.is_dir() {
            folders.push(path.to_owned());
        } else if path.exists() {
            found.push(path.to_owned());
        } else {
            return Err(CaseError::Missing {
                path: path.to_owned(),
            });
        }
        while let Some(folder) = folders.pop() {
            if folder.join(HEADER_FILE).is_file() {
                found.push(folder);
                continue;
            }
            for entry in fs::read_dir(&folder).map_err(|e| io_error(&folder, "list", e))? {
                let entry = entry.map_err(|e| io_error(&folder, "list", e))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let kind = entry
                    .file_type()
                    .map_err(|e| io_error(&folder, "list", e))?;
                if name.starts_with('.') {
                    continue;
                } else if kind.is_dir() {
                    folders.push(entry.path());
                } else if name.ends_with(SINGLE_FILE) {
                    found.push(entry.path());
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// A line of a header without its mark, and without the one space that may follow it.
fn unmarked(line: &str) -> &str {
    let line = line.strip_prefix(MARK).unwrap_or(line);
    line.strip_prefix(' ').unwrap_or(line)
}

/// Reads a header whose lines stand `indent` columns further right in the file.
fn parse_header(toml: &str, path: &Path, indent: usize) -> Result<Header, CaseError> {
    check_end(toml, path, "header", header::END)?;
    Header::parse(toml).map_err(|error| match error {
        HeaderError::Version(found) => CaseError::Version {
            path: path.to_owned(),
            found,
        },
        HeaderError::Fault(Fault { line, column, what }) => CaseError::Header {
            path: path.to_owned(),
            line,
            column: column + indent,
            what,
        },
    })
}

/// Reads a script and joins it with its header, which are `whole` together.
fn assemble(header: Header, wast: &str, path: &Path, whole: &Path) -> Result<Case, CaseError> {
    check_end(wast, path, "script", script::END)?;
    let fault = |Fault { line, column, what }| CaseError::Script {
        path: path.to_owned(),
        line,
        column,
        what,
    };
    let script = script::parse(wast, header.shim.as_ref()).map_err(fault)?;
    join::join(header, script).map_err(|what| CaseError::Disagree {
        path: whole.to_owned(),
        what,
    })
}

/// Checks that the last line is the one that says so.
fn check_end(
    text: &str,
    path: &Path,
    part: &'static str,
    marker: &'static str,
) -> Result<(), CaseError> {
    match text.trim_end().rsplit('\n').next() {
        Some(last) if last.trim_end() == marker => Ok(()),
        _ => Err(CaseError::CutOff {
            path: path.to_owned(),
            part,
            marker,
        }),
    }
}

fn io_error(path: &Path, what: &'static str, source: io::Error) -> CaseError {
    if source.kind() == ErrorKind::NotFound && what == "read" {
        return CaseError::Missing {
            path: path.to_owned(),
        };
    }
    CaseError::Io {
        path: path.to_owned(),
        what,
        source,
    }
}

fn read_text(path: &Path) -> Result<String, CaseError> {
    let bytes = fs::read(path).map_err(|e| io_error(path, "read", e))?;
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let Fault { line, column, .. } = Fault::at(error.as_bytes(), offset, "");
        CaseError::NotText {
            path: path.to_owned(),
            line,
            column,
        }
    })
}

/// A path beside `path` under which it is written first.
fn staged(path: &Path) -> Result<PathBuf, CaseError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(name) = path.file_name() else {
        let source = io::Error::new(ErrorKind::InvalidInput, "the path ends in no name");
        return Err(io_error(path, "write", source));
    };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut staged = std::ffi::OsString::from(".");
    staged.push(name);
    staged.push(format!(".{}-{number}.part", std::process::id()));
    Ok(path.with_file_name(staged))
}

/// Writes a file and waits until it is on the disk.
fn write_whole(path: &Path, text: &str) -> Result<(), CaseError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|e| io_error(path, "write", e))
}

/// Puts a folder in place, and an older case of the same name out of it.
fn put_folder(staged: &Path, dir: &Path) -> Result<(), CaseError> {
    let mut result = fs::rename(staged, dir);
    for _ in 0..ATTEMPTS {
        let occupied = matches!(&result, Err(error) if is_occupied(error.kind()));
        if !occupied {
            break;
        }
        put_away(dir)?;
        result = fs::rename(staged, dir);
    }
    result.map_err(|e| io_error(dir, "write", e))
}

fn is_occupied(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory
    )
}

/// Removes a case, first from its name and then from the disk.
fn put_away(dir: &Path) -> Result<(), CaseError> {
    if !is_only_a_case(dir) {
        return Err(CaseError::Occupied {
            path: dir.to_owned(),
        });
    }
    let old = self::staged(dir)?;
    match fs::rename(dir, &old) {
        Ok(()) => fs::remove_dir_all(&old).map_err(|e| io_error(&old, "remove", e)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error(dir, "replace", error)),
    }
}

/// Whether the folder holds a case's files and nothing else, or is gone meanwhile.
fn is_only_a_case(dir: &Path) -> bool {
    match fs::read_dir(dir) {
        Ok(mut entries) => entries.all(|entry| {
            entry.is_ok_and(|entry| {
                [HEADER_FILE, SCRIPT_FILE]
                    .iter()
                    .any(|name| entry.file_name() == *name)
            })
        }),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}
