//! Charts of a LETS as one SVG: members and volume by month, and all balances in order.

use lets_ledger::{AccountFigures, Month};
use lets_protocol::Currency;
use plotters::prelude::*;

use crate::error::CliError;

const SIZE: (u32, u32) = (900, 900);

fn fault(e: impl std::fmt::Display) -> CliError {
    CliError::Chart(e.to_string())
}

/// The charts. `figures` are sorted by balance.
pub(super) fn svg(
    name: &str,
    currency: &Currency,
    months: &[Month],
    figures: &[AccountFigures],
) -> Result<String, CliError> {
    let unit = 10f64.powi(i32::from(currency.decimals()));
    let code = currency.code();
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(fault)?;
        let panels = root.split_evenly((3, 1));
        let of_months =
            |of: &dyn Fn(&Month) -> f64| -> Vec<f64> { months.iter().map(of).collect() };
        let labels: Vec<String> = months.iter().map(|m| m.name.clone()).collect();
        let titles = [
            format!("{name}: members at the end of each month"),
            format!("Volume of each month in {code}"),
            format!("Balances in {code}, from the largest debt to the largest credit"),
        ];
        let series = [
            of_months(&|m| m.members as f64),
            of_months(&|m| m.volume as f64 / unit),
            figures.iter().map(|f| f.balance as f64 / unit).collect(),
        ];
        for (at, ((panel, title), values)) in panels.iter().zip(titles).zip(series).enumerate() {
            let labels: &[String] = if at < 2 { &labels } else { &[] };
            bars(panel, &title, &values, labels)?;
        }
        root.present().map_err(fault)?;
    }
    Ok(text)
}

/// One bar for each value, up from 0 or down.
fn bars(
    panel: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    values: &[f64],
    labels: &[String],
) -> Result<(), CliError> {
    let least = values.iter().copied().fold(0.0, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    let most = if most <= least { least + 1.0 } else { most };
    let count = values.len().max(1) as f64;
    let mut chart = ChartBuilder::on(panel)
        .caption(title, ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(25)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..count, least * 1.05..most * 1.05)
        .map_err(fault)?;
    let label = |at: &f64| -> String {
        let found = labels.get(*at as usize);
        found.cloned().unwrap_or_default()
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(labels.len().min(12))
        .x_label_formatter(&label)
        .draw()
        .map_err(fault)?;
    let rectangles = values.iter().enumerate().map(|(at, value)| {
        let left = at as f64;
        Rectangle::new(
            [(left + 0.1, 0.0), (left + 0.9, *value)],
            BLUE.mix(0.6).filled(),
        )
    });
    chart.draw_series(rectangles).map_err(fault)?;
    Ok(())
}
