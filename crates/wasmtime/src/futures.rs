//! Drives Wasmtime's futures, which never wait for anything but themselves.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls a future until it is ready. Each time that it is not, WebAssembly has only yielded.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
