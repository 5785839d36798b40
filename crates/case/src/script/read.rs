//! A script from text.

use super::{Claim, Script, ScriptCall, row};
use crate::case::{breach, is_look};
use crate::error::Fault;
use crate::text::{Pattern, argument_of, pattern_of};
use assay_engine::{Shim, Value, names};
use wast::lexer::Lexer;
use wast::parser::{self, Parse, ParseBuffer, Parser};
use wast::token::Span;
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet, Wat, kw};

/// Reads the script of a program with or without a shim.
///
/// # Errors
///
/// The first place at which it is not the script of a case.
pub(crate) fn parse(text: &str, shim: Option<&Shim>) -> Result<Script, Fault> {
    let fault = |error: wast::Error| fault_of(text, &error);
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(fault)?;
    let directives = parser::parse::<Directives<'_>>(&buffer).map_err(fault)?;
    let mut reader = Reader {
        text,
        shim,
        registered: Vec::new(),
        main: None,
    };
    for directive in directives.0.directives {
        reader.directive(directive)?;
    }
    reader.finish()
}

/// Reads a call that stands alone.
///
/// # Errors
///
/// A message for people.
pub(crate) fn parse_call(text: &str) -> Result<(String, Vec<Value>), String> {
    let fail = |error: wast::Error| format!("{text:?} is not a call: {}", error.message());
    let buffer = ParseBuffer::new(text).map_err(fail)?;
    let Invoke(invoke) = parser::parse(&buffer).map_err(fail)?;
    invoked(&invoke).map_err(|what| format!("{text:?} is not a call of a case: {what}"))
}

/// A script that begins with a module: without one, the parser would take any text, an empty one
/// too, for the fields of a module.
struct Directives<'a>(Wast<'a>);

impl<'a> Parse<'a> for Directives<'a> {
    fn parse(parser: Parser<'a>) -> parser::Result<Self> {
        let begins = parser.peek2::<kw::module>()?
            || parser.peek2::<kw::assert_trap>()?
            || parser.peek2::<kw::assert_exception>()?
            || parser.peek2::<kw::assert_invalid>()?
            || parser.peek2::<kw::assert_malformed>()?
            || parser.peek2::<kw::assert_unlinkable>()?;
        if begins {
            parser.parse().map(Self)
        } else {
            Err(parser.error("expected a module"))
        }
    }
}

/// A call between parentheses.
struct Invoke<'a>(WastInvoke<'a>);

impl<'a> Parse<'a> for Invoke<'a> {
    fn parse(parser: Parser<'a>) -> parser::Result<Self> {
        parser.parens(Parser::parse).map(Self)
    }
}

/// The export and the arguments of a call, or why a case cannot hold it.
fn invoked(invoke: &WastInvoke<'_>) -> Result<(String, Vec<Value>), &'static str> {
    if invoke.module.is_some() {
        return Err("all calls go to the main module, without a name");
    }
    let args = invoke.args.iter().map(argument_of).collect::<Option<_>>();
    let args = args.ok_or("it has an argument that is no number, vector, null, or ref.extern")?;
    Ok((invoke.name.to_owned(), args))
}

fn fault_of(text: &str, error: &wast::Error) -> Fault {
    Fault::at(text.as_bytes(), error.span().offset(), &error.message())
}

/// What has been read so far.
struct Reader<'t> {
    text: &'t str,
    shim: Option<&'t Shim>,
    registered: Vec<(String, Vec<u8>)>,
    main: Option<Main>,
}

/// The last module, and what follows it.
struct Main {
    wasm: Vec<u8>,
    start: Claim,
    slots: Option<Vec<Value>>,
    calls: Vec<ScriptCall>,
}

impl Reader<'_> {
    fn fault<T>(&self, span: Span, what: &str) -> Result<T, Fault> {
        Err(Fault::at(self.text.as_bytes(), span.offset(), what))
    }

    fn directive(&mut self, directive: WastDirective<'_>) -> Result<(), Fault> {
        use WastDirective as D;
        let span = directive.span();
        match directive {
            D::Module(module) => self.module(module, Claim::Nothing),
            D::AssertTrap {
                exec: WastExecute::Wat(wat),
                message,
                ..
            } => self.module(QuoteWat::Wat(wat), Claim::Traps(message.into())),
            D::AssertException {
                exec: WastExecute::Wat(wat),
                ..
            } => self.module(QuoteWat::Wat(wat), Claim::Throws),
            D::AssertInvalid { module, .. } | D::AssertMalformed { module, .. } => {
                self.module(module, Claim::Invalid)
            }
            D::AssertUnlinkable { module, .. } => {
                self.module(QuoteWat::Wat(module), Claim::Unlinkable)
            }
            D::Register {
                name, module: None, ..
            } => self.register(span, name),
            D::Invoke(invoke) => self.call(&invoke, Claim::Nothing),
            D::AssertReturn {
                exec: WastExecute::Invoke(invoke),
                results,
                ..
            } => {
                let patterns = self.patterns(span, &results)?;
                self.call(&invoke, Claim::Returns(patterns))
            }
            D::AssertTrap {
                exec: WastExecute::Invoke(invoke),
                message,
                ..
            } => self.call(&invoke, Claim::Traps(message.into())),
            D::AssertException {
                exec: WastExecute::Invoke(invoke),
                ..
            } => self.call(&invoke, Claim::Throws),
            D::AssertExhaustion { call, .. } => self.call(&call, Claim::Exhausts),
            _ => self.fault(span, "the script of a case has no such line"),
        }
    }

    fn patterns(&self, span: Span, results: &[WastRet<'_>]) -> Result<Vec<Pattern>, Fault> {
        let patterns = results.iter().map(pattern_of).collect::<Option<_>>();
        patterns.map_or_else(
            || {
                self.fault(
                    span,
                    "a result that leaves a choice: a case has exact values",
                )
            },
            Ok,
        )
    }

    fn module(&mut self, mut module: QuoteWat<'_>, start: Claim) -> Result<(), Fault> {
        let span = module.span();
        let core = matches!(
            module,
            QuoteWat::Wat(Wat::Module(_)) | QuoteWat::QuoteModule(..)
        );
        if !core {
            return self.fault(span, "a component: a case has modules");
        }
        if self.main.is_some() {
            let what = "the module before this one is not registered, which only the main, last one is not";
            return self.fault(span, what);
        }
        let wasm = module
            .encode()
            .map_err(|error| fault_of(self.text, &error))?;
        self.main = Some(Main {
            wasm,
            start,
            slots: None,
            calls: Vec::new(),
        });
        Ok(())
    }

    fn register(&mut self, span: Span, name: &str) -> Result<(), Fault> {
        match self.main.take() {
            Some(main) if main.is_bare() => {
                self.registered.push((name.to_owned(), main.wasm));
                Ok(())
            }
            _ => self.fault(
                span,
                "a name is registered that does not directly follow its module",
            ),
        }
    }

    fn call(&mut self, invoke: &WastInvoke<'_>, claim: Claim) -> Result<(), Fault> {
        let shim = self.shim;
        let added = match self.main.as_mut() {
            None => Err("a call before the main module".into()),
            Some(main) if main.start != Claim::Nothing => {
                Err("a call of an instance that there is not expected to be".into())
            }
            Some(main) => invoked(invoke)
                .map_err(String::from)
                .and_then(|(export, args)| main.call(export, args, claim, shim)),
        };
        added.or_else(|what| self.fault(invoke.span, &what))
    }

    fn finish(self) -> Result<Script, Fault> {
        let Some(main) = self.main else {
            let end = self.text.trim_end().len();
            return Err(Fault::at(
                self.text.as_bytes(),
                end,
                "no main module: the last one is registered",
            ));
        };
        Ok(Script {
            registered: self.registered,
            main: main.wasm,
            start: main.start,
            start_slots: main.slots,
            calls: main.calls,
        })
    }
}

impl Main {
    /// Whether nothing at all was said of the module.
    fn is_bare(&self) -> bool {
        self.start == Claim::Nothing && self.slots.is_none() && self.calls.is_empty()
    }

    /// A call, or a look at the state after the call before it.
    fn call(
        &mut self,
        export: String,
        args: Vec<Value>,
        claim: Claim,
        shim: Option<&Shim>,
    ) -> Result<(), String> {
        if let Some(shim) = shim
            && export == names::CALL
            && is_look(&args)
        {
            return self.look(shim, &args, claim).map_err(String::from);
        }
        if let Some(breach) = breach(&export, &args, shim) {
            return Err(format!("a call that {breach}"));
        }
        let (claim, slots) = match (claim, shim) {
            (Claim::Returns(patterns), Some(shim)) => {
                let (outcome, slots) = row::read_row(&patterns, shim)?;
                (Claim::Tells(outcome), Some(slots))
            }
            (claim, _) => (claim, None),
        };
        self.calls.push(ScriptCall {
            export,
            args,
            claim,
            slots,
        });
        Ok(())
    }

    fn look(&mut self, shim: &Shim, args: &[Value], claim: Claim) -> Result<(), &'static str> {
        if args != shim.look() {
            return Err("a look at the state takes the number 0x7fff_ffff, zeros and nulls");
        }
        let slots = match claim {
            Claim::Nothing => return Ok(()),
            Claim::Returns(patterns) => row::read_look(&patterns, shim)?,
            _ => return Err("a look at the state that does not return"),
        };
        let place = self
            .calls
            .last_mut()
            .map_or(&mut self.slots, |call| &mut call.slots);
        if place.replace(slots).is_some() {
            return Err("the state is told twice");
        }
        Ok(())
    }
}
