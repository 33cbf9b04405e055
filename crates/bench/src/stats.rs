//! Percentiles of measured values.

/// The value below or at which `percent` (0 to 100) of the sorted `values` lie, by the nearest rank:
/// always one of the values. None without values.
#[must_use]
pub fn percentile_of_sorted<T: Copy>(values: &[T], percent: f64) -> Option<T> {
    // 99.9 is no binary fraction: without the allowance its rank of 1,000 would be 1,000.
    let rank = (percent.clamp(0.0, 100.0) * values.len() as f64 / 100.0 - 1e-9).ceil() as usize;
    values.get(rank.saturating_sub(1).min(values.len().checked_sub(1)?)).copied()
}

/// Sorts the values and takes several percentiles; 0 without values.
#[must_use]
pub fn percentiles<const N: usize>(mut values: Vec<u64>, percents: [f64; N]) -> [u64; N] {
    values.sort_unstable();
    percents.map(|p| percentile_of_sorted(&values, p).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(
            percentiles(values, [0.0, 1.0, 50.0, 95.0, 99.0, 99.5, 100.0]),
            [1, 1, 50, 95, 99, 100, 100]
        );
        assert_eq!(percentiles((1..=1_000).collect(), [99.9]), [999]);
        assert_eq!(percentiles(vec![7, 3], [50.0, 51.0]), [3, 7]);
        assert_eq!(percentiles(vec![7], [1.0, 99.0]), [7, 7]);
        assert_eq!(percentiles(vec![], [50.0]), [0]);
    }

    #[test]
    fn odd_percents_are_clamped() {
        assert_eq!(percentile_of_sorted(&[1, 2, 3], -5.0), Some(1));
        assert_eq!(percentile_of_sorted(&[1, 2, 3], 500.0), Some(3));
        assert_eq!(percentile_of_sorted(&[1, 2, 3], f64::NAN), Some(1));
        assert_eq!(percentile_of_sorted::<u64>(&[], 50.0), None);
    }
}
