;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; With inlining, the frame of $inlined may be missing from the backtrace: so the documentation of `Inlining`
;; has it. The frame of the function that calls it has no offset, too, though the module has an address map,
;; and `FrameInfo::module_offset` promises one then: what Cranelift inlines loses its places, so that neither
;; where the call is nor where the trap is can be told.

(module
  (func (export "f")
    call $inlined
  )
  (func $inlined
    unreachable
  )
)

(assert_trap (invoke "f") "unreachable")

;; end
