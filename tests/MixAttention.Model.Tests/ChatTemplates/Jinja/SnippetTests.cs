using System.Globalization;
using MixAttention.Model.ChatTemplates;
using MixAttention.Model.ChatTemplates.Jinja;

namespace MixAttention.Model.Tests.ChatTemplates.Jinja;

public sealed class SnippetTests
{
    [Theory]
    [MemberData(nameof(Snippets.Agreed), MemberType = typeof(Snippets))]
    public void Template_renders_as_expected(string template, string expected) => Assert.Equal(expected, Snippets.Render(template).Value);

    [Fact]
    public void Expected_texts_are_what_the_reference_renders()
    {
        var snippets = Snippets.Agreed.Select(row => row.Data).ToList();
        var rendered = ReferenceRenderer.Render(snippets.Select(s => (s.Item1, (object)Snippets.Variables)));

        Assert.All(snippets.Zip(rendered), pair => Assert.Equal(pair.First.Item2, pair.Second.Text ?? pair.Second.Error));
    }

    [Theory] // where Jinja itself says more than the reference does
    [InlineData("a\n  {%+ if yes +%}\nb{% endif %}", "a\n  \nb")]
    [InlineData("{% for i in items %}{% if loop.first %}{% set x = i %}{% endif %}{{ x }}{% endfor %}", "a")]
    [InlineData("{{ '--x--'.strip('-') }}", "x")]
    [InlineData("{{ n is divisibleby 7 }} {{ n is divisibleby(2) }} {{ 'a' is in items }} {{ n is eq 7 }}", "true false true true")]
    [InlineData("{{ 'a' < 'b' }} {{ [1, ['a']] == [1, ['a']] }} {{ user == {'role': 'user'} }}", "true true false")]
    [InlineData("{{ '-'.join(items) }}", "a-b-c")]
    [InlineData("{{ items | map('upper') | join }}", "ABC")]
    [InlineData("{{ [1, 2, 3] | select('odd') | list }} {{ [1, none] | reject('none') | list }}", "[1, 3] [1]")]
    [InlineData("{{ 7.5 // 2 }} {{ -7 % 3 }} {{ 1 + 0.5 }}", "3.0 2 1.5")]
    [InlineData("{{ '🙂' | length }}", "1")]
    [InlineData("{% for c in 'ab' %}{{ c }}.{% endfor %}", "a.b.")]
    [InlineData("{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "3210")]
    public void Template_renders_as_jinja_says(string template, string expected) => Assert.Equal(expected, Snippets.Render(template).Value);

    [Fact]
    public void Strftime_now_reads_the_given_clock()
    {
        var time = new StoppedClock(new DateTimeOffset(2024, 7, 6, 5, 4, 3, TimeSpan.Zero));

        Assert.Equal("06 Jul 2024, Saturday 05:04:03 100% July", Snippets.Render("{{ strftime_now('%d %b %Y, %A %H:%M:%S 100%% %B') }}", time: time).Value);
    }

    [Theory]
    [InlineData("a\nb{% foo %}", 2, "statement 'foo'")]
    [InlineData("{{ 'x' | wordcount }}", 1, "filter 'wordcount'")]
    [InlineData("\n\n{{ 'x' is prime }}", 3, "test 'prime'")]
    [InlineData("{{ 'x'.casefold() }}", 1, "casefold()")]
    [InlineData("{% if yes %}", 1, "endif")]
    [InlineData("{% if yes %}{% endfor %}", 1, "'endfor'")]
    [InlineData("{% endif %}", 1, "'endif'")]
    [InlineData("{{ name", 1, "'}}'")]
    [InlineData("{{ 'name }}", 1, "not closed by '")]
    [InlineData("{# name", 1, "comment")]
    [InlineData("{{ 1 + }}", 1, "'}}'")]
    [InlineData("{{ ^ }}", 1, "'^'")]
    [InlineData("{{ name.1x }}", 1, "'x'")]
    [InlineData("{{ items[1:2:3:4] }}", 1, "']'")]
    [InlineData("{{ '\\u00zz' }}", 1, "hexadecimal")]
    [InlineData("{{ 99999999999999999999 }}", 1, "too large")]
    [InlineData("{{ 'a' + 1 }}", 1, "'+' between a string and a number")]
    [InlineData("{{ name * 3 }}", 1, "'*'")]
    [InlineData("{{ 1 % 0 }}", 1, "divided by 0")]
    [InlineData("{{ items < 3 }}", 1, "'<' between a list and a number")]
    [InlineData("{{ 'x' in 5 }}", 1, "'in'")]
    [InlineData("{% for i in 5 %}{% endfor %}", 1, "a number is no list")]
    [InlineData("{% for a, b in items %}{% endfor %}", 1, "1 values")]
    [InlineData("{% set user.role = 1 %}", 1, "not a namespace")]
    [InlineData("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", 1, "macro 'f'")]
    [InlineData("{% macro f(a) %}{% endmacro %}{{ f(b=2) }}", 1, "macro 'f'")]
    [InlineData("{{ name.replace('a') }}", 1, "argument 'new'")]
    [InlineData("{{ 'abc'.split('') }}", 1, "separator")]
    [InlineData("{{ items[::0] }}", 1, "step")]
    [InlineData("{{ range(1000000) }}", 1, "range()")]
    [InlineData("{{ nothing | upper }}", 1, "filter 'upper' does not take none")]
    [InlineData("{{ raise_exception('No!') }}", 1, "No!")]
    [InlineData("{{ strftime_now('%Q') }}", 1, "%Q")]
    [InlineData("{{ range }}", 1, "a function")]
    public void Template_that_is_wrong_is_refused_with_line_and_construct(string template, int line, string named)
    {
        var fault = Assert.Throws<JinjaException>(() => Snippets.Render(template));

        Assert.Equal(line, fault.Line);
        Assert.Contains(named, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[], y=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x == ns.y }}")]
    public void Recursion_without_end_is_an_error_and_no_crash(string template)
        => Assert.Throws<InsufficientExecutionStackException>(() => Snippets.Render(template));

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("1 if 1 else ", "")]
    public void Nesting_without_end_is_an_error_and_no_crash(string open, string close)
    {
        string deep = "{{ " + string.Concat(Enumerable.Repeat(open, 200_000)) + "1" + string.Concat(Enumerable.Repeat(close, 200_000)) + " }}";

        Assert.Throws<InsufficientExecutionStackException>(() => Snippets.Render(deep));
    }

    [Fact]
    public void Chain_of_operators_without_end_is_an_error_and_no_crash()
    {
        string chain = string.Create(CultureInfo.InvariantCulture, $"{{{{ 1{string.Concat(Enumerable.Repeat(" + 1", 200_000))} }}}}");

        Assert.Throws<InsufficientExecutionStackException>(() => Snippets.Render(chain));
    }

    [Fact]
    public void Quoted_ranges_follow_the_text_through_every_operation()
    {
        var message = TemplateText.FromMessage(" ab,ab ");
        var own = TemplateText.Own("<>");

        string Marked(string template)
        {
            var scope = Globals.Create(TimeProvider.System);
            scope.Set("m", message);
            scope.Set("o", own);
            return string.Concat(TemplateParser.Parse(template).RenderText(scope).Pieces().Select(p => p.IsQuoted ? $"«{p.Value}»" : p.Value));
        }

        Assert.Equal("<>« ab,ab »<>", Marked("{{ o + m ~ o }}"));
        Assert.Equal("«ab,ab»", Marked("{{ m | trim }}"));
        Assert.Equal("« AB,AB »", Marked("{{ m | upper }}"));
        Assert.Equal("« a»<>«,a»<>« »", Marked("{{ m | replace('b', o) }}"));
        Assert.Equal("« ab»<>«ab »", Marked("{{ m.split(',') | join(o) }}"));
        Assert.Equal("« ba,ba »><", Marked("{{ (o + m)[::-1] }}"));
        Assert.Equal(">« a»", Marked("{{ (o + m)[1:4] }}"));
        Assert.Equal("{\"k\": \"« ab,ab »\"}", Marked("{{ {'k': m} | tojson }}"));
        Assert.Equal("x« ab,ab »", Marked("{% set t %}x{{ m }}{% endset %}{{ t }}"));
        Assert.Equal("-« ab,ab »", Marked("{% macro f(t) %}-{{ t }}{% endmacro %}{{ f(m) }}"));
        Assert.Equal("« Ab,Ab »", Marked("{{ m | title }}"));
        Assert.Equal("<>\n    « ab,ab »", Marked("{{ (o + '\n' + m) | indent }}"));
    }

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}
