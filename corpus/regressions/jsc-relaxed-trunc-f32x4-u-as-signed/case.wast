;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; All lanes are 2^31 + 256, which fits: the choice that the specification leaves (Core 3.0, 4.3.6,
;; "relaxed_trunc_u") is only about NaNs and what does not fit. JavaScriptCore uses cvttps2dq, which
;; truncates to signed integers and gives 2^31 for all that is too large for these.

(module
  (func (export "I32x4RelaxedTruncF32x4U") (param i64 i64) (result i64 i64)
    (local v128)
    local.get 0
    i64x2.splat
    local.get 1
    i64x2.replace_lane 1
    i32x4.relaxed_trunc_f32x4_u
    local.tee 2
    i64x2.extract_lane 0
    local.get 2
    i64x2.extract_lane 1
  )
)

(assert_return (invoke "I32x4RelaxedTruncF32x4U" (i64.const 5692549934616674305) (i64.const 5692549934616674305)) (i64.const -9223370935195664128) (i64.const -9223370935195664128))

;; end
