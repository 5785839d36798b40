;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; Function 0 is active no more when the trap comes: it made a tail call. With inlining it is told all the same,
;; in the place of the function that is active, since the frame is named after the function into which the other
;; was inlined. That a frame may be missing is documented; that one is there of a function that is not active
;; is not, and the chain of callers that is shown is not that of the program.

(module
  (func (export "f")
    return_call $inlined
  )
  (func $inlined
    unreachable
  )
)

(assert_trap (invoke "f") "unreachable")

;; end
