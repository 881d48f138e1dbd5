"""Mistakes that would cost people their privacy or an answer its truth, and the test that notices each.

Most were made by somebody: unclamped values, bounds on the wrong thing, noise of the wrong scale, counts shared where
they differ, charges that come too late.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """In `file` the text `original`, which stands there once, becomes `planted`; `test` must then fail."""

    name: str
    file: str
    original: str
    planted: str
    test: str


_PRIVACY = "privacy/concordat_privacy/"
_ENGINE = "node/concordat_node/engine/"
_BOUNDING = "tests/node/engine/test_bounding.py::"
_HOLDS = f"{_BOUNDING}test_deleting_a_unit_moves_every_component_by_no_more_than_claimed"
_RULES = f"{_BOUNDING}test_sums_are_those_of_the_rows_that_the_rules_choose"
_ATTAINS = f"{_BOUNDING}test_the_claimed_distances_are_attained_by_a_unit_that_has_all_it_may"
_NARROWED = f"{_BOUNDING}test_the_distance_claimed_for_narrowed_bounds_is_attained_and_not_passed"

CONTRIBUTIONS = (
    Mistake(
        "no clamp at import",
        "node/concordat_node/importing/conversion.py",
        'beyond = clamped if self.repair.out_of_range == "clamp" else "NULL"',
        "beyond = self.fixed",
        "tests/node/importing/test_dirty_sources.py::test_an_edition_holds_what_the_rules_say_of_random_dirty_records",
    ),
    Mistake(
        "people's rows joined to people's rows",
        "node/concordat_node/importing/mapping.py",
        "if file.sources[join.source].may_be(file.sources[statement.fact]):",
        "if not file.sources:",
        "tests/node/importing/test_mapping.py::test_the_rows_themselves_are_no_parent",
    ),
    Mistake(
        "people's rows joined to people's rows by a link to their file",
        "node/concordat_node/importing/sources.py",
        "    if is_one and (",
        "    if is_one is None and (",
        "tests/node/importing/test_sources.py::test_the_rows_themselves_under_another_name_are_no_parent",
    ),
    Mistake(
        "one group more than is claimed",
        f"{_ENGINE}choosing.py",
        "sizes) < limits.cells",
        "sizes) <= limits.cells",
        _HOLDS,
    ),
    Mistake(
        "one row more in a cell than is claimed",
        f"{_ENGINE}choosing.py",
        "counts[limits.rows :] &= cells[limits.rows :] != cells[: -limits.rows]",
        "counts[limits.rows + 1 :] &= cells[limits.rows + 1 :] != cells[: -limits.rows - 1]",
        _HOLDS,
    ),
    Mistake(
        "the row cap skipped for units with few rows",
        f"{_ENGINE}limits.py",
        "return min(limit for limit in (self.cells, self.rows) if limit is not None)",
        "return self.cells or self.rows or 1",
        _HOLDS,
    ),
    Mistake(
        "cells chosen by a unit's number instead of its token",
        f"{_ENGINE}bounding.py",
        "hash(hash(token_hi, token_lo, {self._cell()}))",
        "hash(hash(unit, {self._cell()}))",
        _RULES,
    ),
    Mistake(
        "the first cells chosen, not those of the lowest hash",
        f"{_ENGINE}bounding.py",
        "CAST(hash(hash(token_hi, token_lo, {self._cell()})) >> {64 - HASH_BITS} AS USMALLINT)",
        "CAST({self._cell()} AS USMALLINT)",
        f"{_BOUNDING}test_units_differ_in_the_cells_that_are_chosen_for_them",
    ),
    Mistake(
        "cells that all units agree to choose more often",
        f"{_ENGINE}bounding.py",
        "hash(hash(token_hi, token_lo, {self._cell()}))",
        "hash(token_hi, token_lo, {self._cell()})",
        f"{_BOUNDING}test_no_cell_is_chosen_more_often_than_another",
    ),
    Mistake(
        "a unit's rows cut apart where a batch ends",
        f"{_ENGINE}trimming.py",
        "end = int(np.searchsorted(units, units[-1])) if len(units) else 0",
        "end = len(units)",
        "tests/node/engine/test_trimming.py::test_where_batches_end_does_not_matter",
    ),
    Mistake(
        "rows taken in whatever order they come",
        f"{_ENGINE}trimming.py",
        'raise RuntimeError("rows out of order")',
        "return",
        "tests/node/engine/test_trimming.py::test_rows_in_another_order_than_they_are_stored_in_stop_everything",
    ),
    Mistake(
        "a cube answers queries of other limits",
        f"{_ENGINE}cubes.py",
        "if asked == stored:",
        "if asked.cells == stored.cells or asked.rows == stored.rows:",
        "tests/node/engine/test_cubes.py::test_a_cube_answers_no_other_query",
    ),
    Mistake(
        "a cube answers queries that ask for fewer rows",
        f"{_ENGINE}cubes.py",
        "return sorted(names) if len(names) == len(terms) else None",
        "return sorted(names)",
        "tests/node/engine/test_cubes.py::test_a_cube_answers_no_other_query",
    ),
    Mistake(
        "rows marked that no query would keep",
        "node/concordat_node/importing/marking.py",
        'bare = dataset.model_copy(update={"cubes": ()})',
        "bare = dataset",
        "tests/node/importing/test_marking.py::test_answers_from_a_cube_are_those_of_the_rows_that_the_rules_choose",
    ),
    Mistake(
        "rows counted that the node does not hold",
        f"{_ENGINE}bounding.py",
        "    return both(plan.query.where, coverage.condition(read))",
        "    return plan.query.where",
        f"{_BOUNDING}test_only_rows_count_for_which_every_column_read_is_held",
    ),
    Mistake(
        "units counted once in every cell of a total",
        f"{_ENGINE}bounding.py",
        'unit = "DISTINCT _unit" if over else "*"',
        'unit = "*"',
        _RULES,
    ),
    Mistake(
        "a key taken as constant where one of its columns is",
        f"{_PRIVACY}components.py",
        "return all(dataset.constant_within_unit(name) for name in columns_in(key))",
        "return any(dataset.constant_within_unit(name) for name in columns_in(key))",
        f"{_BOUNDING}test_a_key_made_of_a_constant_and_a_varying_column_spreads_a_unit_over_its_cells",
    ),
)

SENSITIVITIES = (
    Mistake(
        "rows that fill no whole cell left out of the sum of squares",
        f"{_PRIVACY}sensitivity.py",
        "return full * max_rows**2 + rest**2",
        "return full * max_rows**2",
        "tests/privacy/test_sensitivity.py::test_rows_squared_is_the_largest_sum_of_squares_of_all",
    ),
    Mistake(
        "the sensitivity of rows by cells alone",
        f"{_PRIVACY}components.py",
        "return Sensitivity(per_row * bounds.rows_in_all, row_squared * bounds.rows_squared)",
        "return Sensitivity(per_row * bounds.max_groups, row_squared * bounds.max_groups)",
        _HOLDS,
    ),
    Mistake(
        "a sum that moves by its upper bound alone",
        f"{_PRIVACY}components.py",
        "return max(types[0].largest, 1), steps[0]",
        "return max(types[0].upper, 1), steps[0]",
        "tests/privacy/test_plan.py::test_a_sum_moves_by_its_lower_bound_where_that_is_further_from_zero",
    ),
    Mistake(
        "centred values that move by half of what they do",
        f"{_PRIVACY}components.py",
        "return widths[0], steps[0] / 2",
        "return -(-widths[0] // 2), steps[0] / 2",
        _HOLDS,
    ),
    Mistake(
        "cumulative counts priced as a histogram",
        f"{_PRIVACY}strategies.py",
        "return sum(each**2 for each in self.coefficients)",
        "return self.coefficients[0] ** 2",
        _HOLDS,
    ),
    Mistake(
        "a disjunction that narrows like a conjunction",
        "query/concordat_query/narrowing.py",
        "return _any([_ranges(term, dataset) for term in terms])",
        "return _all([_ranges(term, dataset) for term in terms])",
        "tests/query/test_narrowing.py::test_every_row_that_satisfies_a_condition_is_within_what_it_tells",
    ),
    Mistake(
        "a strict comparison that narrows by a step too many",
        "query/concordat_query/narrowing.py",
        "return Range(upper=(ceil(number / step) - 1) * step)",
        "return Range(upper=(ceil(number / step) - 2) * step)",
        "tests/query/test_narrowing.py::test_every_row_that_satisfies_a_condition_is_within_what_it_tells",
    ),
    Mistake(
        "a unit of several people charged as if it were one",
        f"{_PRIVACY}enclosing.py",
        "return 1 if dataset.encloses is None else 2",
        "return 1",
        "tests/privacy/test_enclosing.py::test_the_charge_is_four_times_what_the_same_noise_costs_the_unit_itself",
    ),
)

NOISE_AND_PRICE = (
    Mistake(
        "Gaussian noise a tenth too small",
        f"{_PRIVACY}noise.py",
        "return dp.m.make_gaussian(vectors, dp.l2_distance(T=float), scale=law.scale)",
        "return dp.m.make_gaussian(vectors, dp.l2_distance(T=float), scale=law.scale / 1.1)",
        "tests/privacy/test_noise.py::test_noise_has_the_scales_variance_and_no_bias",
    ),
    Mistake(
        "Laplace noise a tenth too small",
        f"{_PRIVACY}noise.py",
        'return dp.m.make_laplace(vectors, dp.l1_distance(T="i64"), scale=law.scale)',
        'return dp.m.make_laplace(vectors, dp.l1_distance(T="i64"), scale=law.scale / 1.1)',
        "tests/privacy/test_noise.py::test_laplace_noise_has_its_own_variance_and_mean_size",
    ),
    Mistake(
        "noise drawn after the data were read",
        f"{_ENGINE}release.py",
        "    vectors = {index: vector.tolist() for index, vector in zip(held, drawn, strict=True)}\n"
        "    for index, place, exact in asked.read(holding.connection):\n",
        "    found = list(asked.read(holding.connection))\n"
        "    drawn = noise.draw_all([(planned.components[i].law, planned.components[i].length) for i in held])\n"
        "    vectors = {index: vector.tolist() for index, vector in zip(held, drawn, strict=True)}\n"
        "    for index, place, exact in found:\n",
        "tests/node/engine/test_release.py::test_all_noise_is_drawn_before_anything_is_scanned",
    ),
    Mistake(
        "shares that add up to more than the price",
        f"{_PRIVACY}shares.py",
        "return (shares[0] + price_nano - sum(shares), *shares[1:])",
        "return (price_nano, *shares[1:])",
        "tests/privacy/test_shares.py::test_shares_are_whole_add_up_and_follow_the_weights",
    ),
    Mistake(
        "a scale rounded down to its grid",
        f"{_PRIVACY}sensitivity.py",
        "    while (steps * step) ** 2 < needed:\n        steps += 1\n    return math.ldexp(steps, exponent)\n",
        "    return math.ldexp(steps, exponent)\n",
        "tests/privacy/test_gaussian.py::test_the_scale_is_the_least_on_its_grid_that_is_paid_for",
    ),
    Mistake(
        "a component that the map says costs more is let through",
        f"{_PRIVACY}noise.py",
        "if not is_paid_for or price_by_map(law, sensitivity) > price_nano:",
        "if price_by_map(law, sensitivity) > 2 * price_nano:",
        "tests/privacy/test_noise.py::test_a_component_with_less_noise_than_its_share_pays_for_is_refused",
    ),
    Mistake(
        "an epsilon told for a larger delta",
        f"{_PRIVACY}accounting.py",
        "- density * _mills(quantile + mu)) * _ROUND_UP",
        "- 2 * density * _mills(quantile + mu)) * _ROUND_UP",
        "tests/privacy/test_gaussian.py::test_delta_at_the_epsilon_of_rho_is_the_integral_over_the_larger_probability",
    ),
    Mistake(
        "discrete noise priced as if it were continuous",
        f"{_PRIVACY}sensitivity.py",
        "return variance**2 / (variance - Fraction(1, 12))",
        "return variance",
        "tests/privacy/test_gaussian.py::test_no_step_of_the_lattice_is_further_than_the_continuous_noise_allows",
    ),
    Mistake(
        "an answer for a receipt of another price",
        f"{_ENGINE}release.py",
        "return receipt.price_nano == price and receipt.calculus",
        "return receipt.calculus",
        "tests/node/engine/test_release.py::test_a_forged_or_altered_request_fails_before_any_noise_or_scan",
    ),
    Mistake(
        "data scanned before a charge: a receipt that the ledger did not sign is taken",
        f"{_ENGINE}release.py",
        "    _demand(signed, EngineResponse.FAILURE_RECEIPT)\n",
        "",
        "tests/node/engine/test_release.py::test_a_forged_or_altered_request_fails_before_any_noise_or_scan",
    ),
    Mistake(
        "a charge that leaves the balance as it was",
        "node/concordat_node/ledger/charges.py",
        "(request.price_nano, request.delta_e15, request.population)",
        "(0, request.delta_e15, request.population)",
        "tests/node/ledger/test_charging.py::test_a_reservation_holds_its_price_and_a_charge_spends_it",
    ),
)

ESTIMATES = (
    Mistake(
        "nullable columns sharing the count of all rows",
        f"{_PRIVACY}decomposition.py",
        "scalar if self._may_be_missing(scalar, asked) else None, asked)",
        "None, asked)",
        "tests/privacy/test_plan.py::test_a_column_that_may_be_missing_has_a_count_of_its_own",
    ),
    Mistake(
        "a mean about 0 instead of the bounds' middle",
        f"{_PRIVACY}decomposition.py",
        "return Mean(rows, centred, _middle(kind))",
        "return Mean(rows, centred, Fraction(0))",
        "tests/privacy/test_plan.py::test_the_middle_and_step_of_a_mean_count_decimals",
    ),
    Mistake(
        "a margin for one node's noise where several are added up",
        f"{_PRIVACY}linear.py",
        "noises[index])",
        "1)",
        "tests/privacy/test_estimates.py::test_margins_of_counts_are_exact_for_one_node_and_for_the_sum",
    ),
    Mistake(
        "a margin of a large sigma by 1.64 instead of 1.96",
        f"{_PRIVACY}margins.py",
        "NORMAL_QUANTILE = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)",
        "NORMAL_QUANTILE = NormalDist().inv_cdf(CONFIDENCE)",
        "tests/privacy/test_margins.py::test_large_scales_need_no_lattice_and_give_the_same_margin",
    ),
    Mistake(
        "two questions with one name: a percentile's fraction left out of the hash",
        "query/concordat_query/canonical.py",
        "        None if aggregate.fraction is None else decimal_text(aggregate.fraction),\n    ]",
        "    ]",
        "tests/query/test_canonical.py::test_whatever_changes_the_answer_changes_the_hash",
    ),
)

_TEXTS = "tests/node/engine/test_texts.py::"
_SHOWN = "tests/spec/groups/test_private_keys.py::"

PRIVATE_KEYS = (
    Mistake(
        "the strict tail for a threshold that may be equalled",
        f"{_PRIVACY}thresholds.py",
        "one = tail(threshold - 1, scale)",
        "one = tail(threshold, scale)",
        "tests/privacy/test_thresholds.py::test_a_lone_units_keys_are_released_as_often_as_delta_says",
    ),
    Mistake(
        "a threshold less by one",
        f"{_PRIVACY}thresholds.py",
        "    return high\n",
        "    return high - 1\n",
        "tests/privacy/test_thresholds.py::test_a_threshold_is_the_smallest_whose_delta_is_allowed",
    ),
    Mistake(
        "one text's delta for a unit that has several",
        f"{_PRIVACY}thresholds.py",
        "-math.expm1(keys * math.log1p(-one))",
        "-math.expm1(math.log1p(-one))",
        "tests/privacy/test_thresholds.py::test_more_keys_of_a_unit_need_a_higher_threshold_and_a_smaller_delta_does",
    ),
    Mistake(
        "texts released by rows, not by units",
        f"{_ENGINE}texts.py",
        "count(DISTINCT unit)",
        "count(*)",
        f"{_TEXTS}test_rows_for_units_would_break_the_claim_and_are_not_counted",
    ),
    Mistake(
        "a text's code, which depends on other units, in the hash that chooses",
        f"{_ENGINE}texts.py",
        "hash(hash(_hi, _lo, text)), text",
        "hash(hash(_hi, _lo, _code)), _code",
        f"{_TEXTS}test_which_texts_of_a_unit_count_depends_on_no_other_unit",
    ),
    Mistake(
        "more texts of a unit than are claimed",
        f"{_ENGINE}texts.py",
        "if most >= reachable:",
        "if True:",
        f"{_TEXTS}test_the_claims_are_attained",
    ),
    Mistake(
        "texts below the threshold released",
        f"{_ENGINE}texts.py",
        "noisy >= self.selection.threshold",
        "noisy >= self.selection.threshold - 1",
        f"{_TEXTS}test_a_threshold_is_reached_by_equality",
    ),
    Mistake(
        "all of the delta that private keys have spent by one query",
        f"{_PRIVACY}prices.py",
        "if query.delta_e15 > most_delta:",
        "if False:",
        f"{_SHOWN}test_one_query_spends_no_more_delta_than_the_agreement_lets_it",
    ),
    Mistake(
        "the agreement's cells forgotten where a key is private",
        "query/concordat_query/check.py",
        "query.max_cells or MAX_CELLS, permission.max_cells)",
        "1, permission.max_cells)",
        f"{_SHOWN}test_the_agreements_cells_bind_what_is_released",
    ),
    Mistake(
        "of the texts of two batches only the last one's released",
        f"{_ENGINE}texts.py",
        "np.append(kept[0], codes[enough]), np.append(kept[1], noisy[enough])",
        "codes[enough], noisy[enough]",
        f"{_TEXTS}test_texts_are_chosen_batch_by_batch_as_if_they_were_seen_at_once",
    ),
    Mistake(
        "the hidden counted as if a unit had one text",
        f"{_PRIVACY}components.py",
        "return Sensitivity(bounds.texts, bounds.texts**2)",
        "return Sensitivity(1, 1)",
        f"{_TEXTS}test_the_claims_are_attained",
    ),
    Mistake(
        "sensitivity from how many texts were released",
        f"{_PRIVACY}components.py",
        "dataset.max_rows_per_unit if text_key([key], dataset) else domain_size(key, dataset)",
        "domain_size(key, dataset)",
        "tests/privacy/test_released.py::test_scales_prices_and_limits_follow_from_no_text",
    ),
    Mistake(
        "the choice of texts for nothing",
        f"{_PRIVACY}plan.py",
        "own = self.selection.price_nano if self.selection is not None and held else 0",
        "own = 0",
        "tests/privacy/test_released.py::test_a_price_is_split_without_rest",
    ),
    Mistake(
        "delta reserved and never charged",
        "node/concordat_node/ledger/charges.py",
        "(request.price_nano, request.delta_e15, request.population)",
        "(request.price_nano, 0, request.population)",
        "tests/node/ledger/test_charging.py::test_a_reservation_holds_its_delta_and_a_charge_spends_it",
    ),
    Mistake(
        "a receipt of another delta taken",
        f"{_ENGINE}release.py",
        " and receipt.delta_e15 == planned.delta_e15(held)",
        "",
        "tests/wire/test_released_texts.py::test_the_engine_releases_nothing_for_a_receipt_of_another_price",
    ),
    Mistake(
        "a node's hidden text taken for a zero",
        f"{_PRIVACY}standing.py",
        "held[(held > Held.NOTHING) & unreleased(plan, answer)] = _UNRELEASED",
        "pass",
        f"{_SHOWN}test_each_nation_shows_what_reaches_the_threshold_there",
    ),
)

MISTAKES: tuple[Mistake, ...] = (*CONTRIBUTIONS, *SENSITIVITIES, *NOISE_AND_PRICE, *ESTIMATES, *PRIVATE_KEYS)
