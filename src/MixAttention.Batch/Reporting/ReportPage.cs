using System.Globalization;
using MixAttention.Engine.KvCache;

namespace MixAttention.Batch.Reporting;

/// <summary>Writes a job's report as one page that needs no network and no script: it follows the reader's choice of light or dark.</summary>
/// <param name="data">What it shows.</param>
internal sealed class ReportPage(ReportData data)
{
    private readonly Markup _html = new();

    /// <summary>Writes the page.</summary>
    public string Write()
    {
        string title = $"{data.Manifest.ModelName}: {data.Manifest.Task.Kind}";
        _html.Add($"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{Markup.Escape(title)} · mixbatch report</title>");
        _html.Add($"<style>\n{Style()}</style></head>\n<body><main>");
        AddHead(title);
        AddTiles();
        if (data.Engine is null)
            _html.Add($"<section><h2>No traces</h2><p>What ran left no trace, so there is nothing to draw: only results are counted here.</p></section>");
        else
            AddPlots();
        AddLongest();
        AddErrors();
        AddWorkers();
        _html.Add($"<footer>Job {data.Manifest.JobId}, fingerprint {data.Manifest.Fingerprint}. Written by mixbatch from the job's results and traces.</footer>\n</main></body></html>");
        return _html.ToString();
    }

    private void AddHead(string title)
    {
        bool isGood = data is { Failed: 0, Unfinished: 0 };
        string state = data.Unfinished > 0 ? "unfinished" : data.Failed > 0 ? "finished with errors" : "finished";
        _html.Add($"<header><h1>{Markup.Escape(title)}</h1><span class=\"pill {(isGood ? "" : "bad")}\">{state}</span><small>{data.Manifest.JobId} · submitted {data.Manifest.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC</small></header>");
        _html.Add($"<ul class=\"verdict\">");
        foreach (var verdict in Verdict.Of(data))
            _html.Add($"<li{(verdict.IsGood ? "" : " class=\"bad\"")}>{Markup.Escape(verdict.Text)}</li>");
        _html.Add($"</ul>");
    }

    private void AddTiles()
    {
        double seconds = data.Time.Seconds;
        _html.Add($"<div class=\"tiles\">");
        AddTile("Requests", data.Unfinished > 0 ? $"{data.Succeeded + data.Failed:N0} / {data.Requests:N0}" : $"{data.Requests:N0}", data.Failed > 0 ? $"{data.Failed:N0} failed" : "none failed");
        if (data.Engine is { } engine && seconds > 0)
        {
            long budget = data.Workers.Max(w => w.KvBudget);
            AddTile("Time at work", Duration.Format(TimeSpan.FromSeconds(seconds)), $"{60 * (data.Succeeded + data.Failed) / seconds:N0} requests/min");
            AddTile("Prompt tokens/s", $"{data.Calls.PromptTokens / seconds:N0}", $"{data.Calls.PromptTokens:N0} in all");
            AddTile("Output tokens/s", $"{engine.CompletionTokens / seconds:N0}", $"{engine.CompletionTokens:N0} in all");
            AddTile("Sequences at once", $"{data.MeanSequences:0.#}", $"at most {engine.PeakSequences:N0} of {data.Workers.Max(w => w.MaxSequences):N0}");
            AddTile("KV memory at most", ShareBar.Percent(data.PeakKvShare), $"<div class=\"meter\"><i style=\"width:{(100 * data.PeakKvShare).ToString("0.#", CultureInfo.InvariantCulture)}%\"></i></div>of {ByteSize.Format(budget)}<br>{ShareBar.Percent(data.MeanKvShare)} on average");
        }

        _html.Add($"</div>");
    }

    private void AddTile(string name, string value, string note) => _html.Add($"<div class=\"tile\"><span>{name}</span><b>{value}</b><span>{note}</span></div>");

    private void AddPlots()
    {
        var engine = data.Engine!; // Asked before.
        var idle = TimeSpan.FromSeconds(Math.Max(0, data.Workers.Sum(w => new ActiveTime(w.Windows).Seconds) - engine.BusyTime.TotalSeconds));
        _html.Add($"<section><h2>Where the time went</h2><div class=\"pair\"><div><h3>Of the {(data.Workers.Count == 1 ? "engine" : "engines")}</h3>");
        _html.Add($"{ShareBar.Draw(("prefill", "prompts", engine.PrefillTime), ("mixed", "prompts and answers in one step", engine.MixedTime), ("decode", "answers", engine.DecodeTime), ("other", "around the model", engine.OtherTime), ("idle", "nothing to do", idle))}");
        _html.Add($"</div><div><h3>Of a request, on average</h3>");
        int calls = Math.Max(data.Calls.Calls, 1);
        _html.Add($"{ShareBar.Draw(("queue", "waits for its turn", data.Calls.Queued / calls), ("prefill", "prompt", data.Calls.Prefill / calls), ("decode", "answer", data.Calls.Decode / calls))}</div></div></section>");

        var series = new EngineSeries(data.Time, data.Workers);
        _html.Add($"<section><h2>Over time</h2><div class=\"pair\">");
        AddChart(series, "KV memory", "kv", series.KvBytes, v => ByteSize.Format((long)v), series.KvBudget, "budget");
        AddChart(series, "Sequences running", "running", series.Running, v => v.ToString("0.#", CultureInfo.InvariantCulture), data.MeanWaiting > 0.05 ? series.Waiting : null, "waiting");
        AddChart(series, "Prompt tokens per second", "prompt", series.PromptTokens, v => v.ToString("N0", CultureInfo.InvariantCulture));
        AddChart(series, "Output tokens per second", "output", series.OutputTokens, v => v.ToString("N0", CultureInfo.InvariantCulture));
        _html.Add($"</div></section>");

        string shown = data.Timeline.Stride == 1 ? $"all {data.Timeline.Kept.Count:N0}" : $"one of {data.Timeline.Stride:N0}";
        _html.Add($"<section><h2>Sequences <small>{shown}, from being handed in to the last token</small></h2>");
        _html.Add($"{SequenceChart.Draw(data.Time, data.Timeline.Kept)}<ul class=\"legend\"><li><i class=\"idle\"></i>waits for its turn</li><li><i class=\"prefill\"></i>prompt</li><li><i class=\"decode\"></i>answer</li></ul></section>");
        if (data.Steps.Kept.Count == 0)
            return;
        shown = data.Steps.Stride == 1 ? "all" : $"one of {data.Steps.Stride:N0}";
        _html.Add($"<section><h2>Steps <small>{shown}: how long each took</small></h2>{StepChart.Draw(data.Time, data.Steps.Kept)}");
        _html.Add($"<ul class=\"legend\"><li><i class=\"prefill\"></i>prompts</li><li><i class=\"mixed\"></i>prompts and answers</li><li><i class=\"decode\"></i>answers</li></ul></section>");
    }

    private void AddChart(EngineSeries series, string title, string kind, IReadOnlyList<double> values, Func<double, string> format, IReadOnlyList<double>? line = null, string lineName = "") => _html.Add($"{new TimeChart(data.Time, series.StepSeconds)
    {
        Title = title,
        Note = $"{(line is null ? "" : $"dashed: {lineName}, ")}at most {format(values.Max())}",
        Class = kind,
        Values = values,
        Line = line,
        LineName = lineName,
        Format = format,
    }.Draw()}");

    private void AddLongest()
    {
        if (data.Longest.Count == 0)
            return;
        double most = data.Longest.Max(r => (r.Queued + r.Prefill + r.Decode).TotalSeconds);
        _html.Add($"<section><h2>Longest documents</h2><div class=\"scroll\"><table><tr><th>request</th><th class=\"number\">prompt tokens</th><th class=\"number\">output tokens</th><th class=\"number\">KV</th><th class=\"number\">time</th><th>waits, prompt, answer</th></tr>");
        foreach (var request in data.Longest)
        {
            string calls = request.Calls == 1 ? "" : $" <small class=\"soft\">{request.Calls:N0} calls</small>";
            _html.Add($"<tr><td class=\"name\">{Markup.Escape(request.CustomId)}{calls}</td><td class=\"number\">{request.PromptTokens:N0}</td><td class=\"number\">{request.CompletionTokens:N0}</td><td class=\"number\">{ByteSize.Format(request.KvBytes)}</td><td class=\"number\">{Duration.Format(request.Elapsed)}</td><td>");
            _html.Add($"<div class=\"bar small\"><i class=\"queue\" style=\"width:{Width(request.Queued)}%\"></i><i class=\"prefill\" style=\"width:{Width(request.Prefill)}%\"></i><i class=\"decode\" style=\"width:{Width(request.Decode)}%\"></i></div></td></tr>");
        }

        _html.Add($"</table></div></section>");

        double Width(TimeSpan time) => most <= 0 ? 0 : 100 * time.TotalSeconds / most;
    }

    private void AddErrors()
    {
        if (data.Errors.Count == 0)
            return;
        _html.Add($"<section><h2>Errors <small>all are in errors.jsonl</small></h2><div class=\"scroll\"><table><tr><th>code</th><th class=\"number\">requests</th><th>for example</th><th></th></tr>");
        foreach (var group in data.Errors)
        {
            foreach (var (customId, message) in group.Examples)
            {
                bool isFirst = group.Examples[0] == (customId, message);
                _html.Add($"<tr><td><code class=\"bad-code\">{(isFirst ? Markup.Escape(group.Code) : "")}</code></td><td class=\"number\">{(isFirst ? group.Count.ToString("N0", CultureInfo.InvariantCulture) : "")}</td><td class=\"name\">{Markup.Escape(customId)}</td><td>{Markup.Escape(message)}</td></tr>");
            }
        }

        _html.Add($"</table></div></section>");
    }

    private void AddWorkers()
    {
        if (data.Workers.Count == 0)
            return;
        _html.Add($"<section><h2>Workers</h2><div class=\"scroll\"><table><tr><th>worker</th><th class=\"number\">shards</th><th class=\"number\">steps</th><th class=\"number\">busy</th><th class=\"number\">tokens computed</th><th class=\"number\">found in checkpoints</th></tr>");
        foreach (var worker in data.Workers)
        {
            var total = worker.Total;
            _html.Add($"<tr><td class=\"name\"><code>{Markup.Escape(worker.Name)}</code></td><td class=\"number\">{worker.Shards:N0}</td><td class=\"number\">{total?.Steps ?? 0:N0}</td><td class=\"number\">{Duration.Format(total?.BusyTime ?? default)} of {Duration.Format(TimeSpan.FromSeconds(new ActiveTime(worker.Windows).Seconds))}</td><td class=\"number\">{total?.PromptTokens + total?.CompletionTokens ?? 0:N0}</td><td class=\"number\">{worker.ResumedRows:N0}</td></tr>");
        }

        _html.Add($"</table></div></section>");
    }

    private static string Style()
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream("report.css")!; // Built in.
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
