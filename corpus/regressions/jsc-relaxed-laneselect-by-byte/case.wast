;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; The mask is 0x00008000 in each lane. The specification allows the bits of the mask to choose, which
;; gives 0x00008000, or the top bit of the lane, which gives 0 (Core 3.0, 4.3.6, "irelaxed_laneselect").
;; JavaScriptCore uses pblendvb for all widths: each byte by its own top bit, which gives 0x0000ff00.
;; The official suite allows that for 16-bit lanes alone.

(module
  (func (export "I32x4RelaxedLaneselect") (param i64 i64) (result i64 i64)
    (local v128)
    v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.get 0
    i64x2.splat
    local.get 1
    i64x2.replace_lane 1
    i32x4.relaxed_laneselect
    local.tee 2
    i64x2.extract_lane 0
    local.get 2
    i64x2.extract_lane 1
  )
)

(invoke "I32x4RelaxedLaneselect" (i64.const 140737488388096) (i64.const 140737488388096))

;; end
