using MixAttention.Model.ChatTemplates;
using MixAttention.Model.ChatTemplates.Jinja;

namespace MixAttention.Model.Tests.ChatTemplates.Jinja;

/// <summary>Small templates with what they render to.</summary>
public static class Snippets
{
    /// <summary>Gets the variables that every snippet may use, as plain values.</summary>
    public static Dictionary<string, object?> Variables { get; } = new()
    {
        ["name"] = "Ada",
        ["padded"] = "  \n text \t ",
        ["n"] = 7,
        ["yes"] = true,
        ["nothing"] = null,
        ["items"] = new[] { "a", "b", "c" },
        ["empty"] = Array.Empty<string>(),
        ["user"] = new Dictionary<string, object?> { ["role"] = "user", ["age"] = 3, ["tags"] = new[] { "x", "y" } },
        ["messages"] = new[]
        {
            new Dictionary<string, object?> { ["role"] = "system", ["content"] = "S" },
            new Dictionary<string, object?> { ["role"] = "user", ["content"] = "U" },
            new Dictionary<string, object?> { ["role"] = "assistant", ["content"] = "A" },
        },
    };

    /// <summary>Gets snippets on which the reference renderer agrees.</summary>
    public static TheoryData<string, string> Agreed { get; } = new()
    {
        // Output and text
        { "plain", "plain" },
        { "ends in a newline\n", "ends in a newline" },
        { "ends in two\n\n", "ends in two\n" },
        { "a{# comment #}b", "ab" },
        { "{{ name }}", "Ada" },
        { "{{ name }}\n{{ n }}", "Ada\n7" },
        { "{{ missing }}{{ nothing }}", "" },
        { "{{ 1.0 }} {{ 2.5 }} {{ true }}", "1.0 2.5 true" },
        { "{{ 'one' \"two\" }}", "onetwo" },
        { """{{ 'a\n\t\\\'\"\x41\u00e9' }}""", "a\n\t\\'\"Aé" },
        { "{ {{ '{{' }} % }", "{ {{ % }" },
        // Whitespace control
        { "a  {%- if yes -%}  b  {%- endif -%}  c", "abc" },
        { "a \n {{- name -}} \n b", "aAdab" },
        { "a {#- gone -#} b", "ab" },
        { "{% if yes %}\nb\n{% endif %}\nc", "b\nc" },
        { "  {% if yes %}\n  b\n  {% endif %}\nc", "  b\nc" },
        { "a {% if yes %} b {% endif %} c", "a  b  c" },
        { "x\n\t{# note #}\ny", "x\ny" },
        { "{{ name }}  \n  {{ name }}", "Ada  \n  Ada" },
        // Conditions
        { "{% if n > 7 %}more{% elif n == 7 %}seven{% else %}less{% endif %}", "seven" },
        { "{% if not missing and (yes or nothing) %}y{% endif %}", "y" },
        { "{{ 'then' if yes else 'else' }}{{ 'then' if nothing }}", "then" },
        { "{{ 'a' if nothing else 'b' if nothing else 'c' }}", "c" },
        { "{{ missing or 'other' }}{{ name and n }}", "other7" },
        { "{% if empty %}full{% else %}empty{% endif %}", "empty" },
        // Loops
        { "{% for i in items %}{{ loop.index0 }}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}", "0a,1b,2c" },
        { "{% for i in items %}{{ loop.index }}{{ loop.first }}{{ loop.revindex }}{{ loop.length }}{% endfor %}", "1true332false233false13" },
        { "{% for i in empty %}x{% else %}none{% endfor %}", "none" },
        { "{% for k, v in user.items() %}{{ k }}={{ v }};{% endfor %}", "role=user;age=3;tags=[\"x\", \"y\"];" },
        { "{% for k in user %}{{ k }} {% endfor %}", "role age tags " },
        { "{% for m in messages if m.role != 'system' %}{{ loop.index }}{{ m.content }}{% endfor %}", "1U2A" },
        { "{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}", "012531" },
        { "{% for i in items %}{% if i == 'b' %}{% continue %}{% endif %}{{ i }}{% endfor %}", "ac" },
        { "{% for i in items %}{% if i == 'b' %}{% break %}{% endif %}{{ i }}{% endfor %}", "a" },
        { "{% for m in messages %}{{ loop.previtem.role if loop.previtem }}>{{ loop.nextitem.role if loop.nextitem }} {% endfor %}", ">user system>assistant user> " },
        // Assignments and scopes
        { "{% set x = n + 1 %}{{ x }}", "8" },
        { "{% set a, b = 1, 2 %}{{ b }}{{ a }}", "21" },
        { "{% set x %}[{{ name }}]{% endset %}{{ x }}", "[Ada]" },
        { "{% set x = 1 %}{% for i in items %}{% set x = 2 %}{% endfor %}{{ x }}", "1" },
        { "{% set ns = namespace(x=1, y='z') %}{% for i in items %}{% set ns.x = ns.x + 1 %}{% endfor %}{{ ns.x }}{{ ns.y }}", "4z" },
        { "{% macro hi(who, mark='!') %}Hi {{ who }}{{ mark }}{% endmacro %}{{ hi('Bob') }}{{ hi(who='Eve', mark='?') }}", "Hi Bob!Hi Eve?" },
        { "{% generation %}{{ name }}{% endgeneration %}", "Ada" },
        // Members, indices and slices
        { "{{ user.role }}{{ user['age'] }}{{ user.tags[0] }}{{ user.tags.1 }}", "user3xy" },
        { "{{ messages[0].role }}{{ messages[-1]['content'] }}{{ messages[9] }}{{ user.none.at.all }}", "systemA" },
        { "{{ items[1:] | join }}{{ items[:1] | join }}{{ items[::-1] | join }}{{ items[-2:] | join }}{{ items[0:3:2] | join }}", "bcacbabcac" },
        { "{{ name[0] }}{{ name[-1] }}{{ name[1:] }}{{ name[::-1] }}{{ '🙂x'[1:] }}", "AadaadAx" },
        { "{{ user.get('role') }}{{ user.get('nope', 'd') }}{{ user.keys() | list | length }}", "userd3" },
        // Operators
        { "{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 // 2 }} {{ 7 % 3 }} {{ 1 / 2 }} {{ 2 ** 3 }} {{ -n }} {{ - 2 + 5 }}", "7 9 3 1 0.5 8 -7 3" },
        { "{{ 'a' + 'b' ~ n ~ 'c' }}", "ab7c" },
        { "{{ 1 < 2 }} {{ n >= 7 }} {{ n != 7 }} {{ 1 == 1.0 }} {{ 'a' == 'a' }}", "true true false true true" },
        { "{{ 'd' in name }} {{ 'z' not in name }} {{ 'a' in items }} {{ 'role' in user }} {{ 'x' in missing }} {{ not 'a' in items }}", "true true true true false false" },
        { "{{ [1, 'a'] + [2,] }} {{ {'k': [true, none]} }} {{ (1, 2)[1] }}", "[1, \"a\", 2] {\"k\": [true, null]} 2" },
        // Filters
        { "[{{ padded | trim }}]", "[text]" },
        { "{{ name | upper }}{{ name | lower }}{{ 'two words' | title }}{{ 'word' | capitalize }}", "ADAadaTwo WordsWord" },
        { "{{ items | length }}{{ name | length }}{{ user | length }}", "333" },
        { "{{ items | join(', ') }}{{ items | first }}{{ items | last }}{{ items | reverse | join }}", "a, b, caccba" },
        { "{{ missing | default('d') }}{{ '' | default('e', true) }}{{ '' | default('f') }}{{ nothing | default('g', boolean=true) }}", "deg" },
        { "{{ user | tojson }}", "{\"role\": \"user\", \"age\": 3, \"tags\": [\"x\", \"y\"]}" },
        { "{{ [1, {'a': 'é\"\\n'}, empty] | tojson(indent=2) }}", "[\n  1,\n  {\n    \"a\": \"é\\\"\\n\"\n  },\n  []\n]" },
        { "{{ 'a-b-c' | replace('-', '+') }}{{ 'a-b-c'.replace('-', '', 1) }}", "a+b+cab-c" },
        { "{{ '12' | int + 1 }}{{ 'x' | int }}{{ '1.5' | float }}{{ -3 | abs }}{{ n | string + '!' }}", "1301.537!" },
        { "{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}", "a\n    b\n\n    c|  a\n  b" },
        { "{{ messages | map(attribute='role') | join(' ') }}", "system user assistant" },
        { "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join }}{{ (messages | rejectattr('role', 'equalto', 'user') | list) | length }}", "U2" },
        { "{{ ['a', 'b', 'a'] | unique | join }}", "ab" },
        // Tests
        { "{{ name is string }} {{ n is number }} {{ yes is boolean }} {{ user is mapping }} {{ items is iterable }} {{ items is sequence }}", "true true true true true true" },
        { "{{ missing is defined }} {{ name is defined }} {{ missing is undefined }} {{ nothing is none }} {{ name is not none }}", "false true true true true" },
        { "{{ n is odd }} {{ n is even }} {{ yes is true }} {{ yes is false }} {{ n is integer }} {{ name is not string }}", "true false true false true false" },
        // Methods of strings
        { "[{{ padded.strip() }}][{{ 'x  '.rstrip() }}][{{ '  x'.lstrip() }}][{{ '\n\nx'.lstrip('\n') }}]", "[text][x][x][x]" },
        { "{{ 'a,b,c'.split(',')[-1] }}{{ 'a,b,c'.split(',', 1) | length }}{{ ' a  b '.split() | join('-') }}", "c2a-b" },
        { "{{ name.startswith('A') }}{{ name.endswith('x') }}{{ name.upper() }}{{ name.lower() }}{{ name.startswith(('x', 'A')) }}", "truefalseADAadatrue" },
    };

    /// <summary>Renders a snippet.</summary>
    internal static TemplateText Render(string template, IReadOnlyDictionary<string, object?>? variables = null, TimeProvider? time = null)
    {
        var scope = Globals.Create(time ?? TimeProvider.System);
        foreach (var (name, value) in variables ?? Variables)
            scope.Set(name, ToValue(value));
        return TemplateParser.Parse(template).RenderText(scope);
    }

    private static object? ToValue(object? value) => value switch
    {
        string text => TemplateText.Own(text),
        int n => (long)n,
        IReadOnlyDictionary<string, object?> map => new OrderedDictionary<string, object?>(map.Select(e => KeyValuePair.Create(e.Key, ToValue(e.Value))), StringComparer.Ordinal),
        object?[] list => list.Select(ToValue).ToList(),
        _ => value,
    };
}
