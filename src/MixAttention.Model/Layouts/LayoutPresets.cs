namespace MixAttention.Model.Layouts;

/// <summary>Makes the fifteen layouts of the MixAttention paper for every number of layers that their pattern admits.</summary>
/// <remarks>
/// Source: MixAttention, Rajput et al., PMLR 262, 2024, figures 1 to 11, all with 24 layers. A pattern is written layer by layer:
/// F full with own KV; F-n full with the KV that n layers back leads to; S sliding with own KV; R sliding with the KV of the layer before it.
/// Sliding layers mostly come in fives, a pair and a triple that share (S R S R R). Other layer counts repeat the pattern's unit as the 24-layer layout does:
/// <list type="bullet">
/// <item>Standard, SWA: any count.</item>
/// <item>MA: full layers at every sixth layer and at the last one; 6k (the last run of sliding layers is one shorter, as with 24) and 6k + 1.</item>
/// <item>MA-EndSlide, MA-Offset, MA-Offset-SlideShare: units of six; 6k.</item>
/// <item>MA-Pairs, MA-Pairs-SlideShare, MA-Successive-1 and -4: units of twelve; 12k.</item>
/// <item>MA-Successive-2 and -3 place their two pairs of full layers unevenly, so only the whole pattern repeats; 24k.</item>
/// <item>MA-NoShare: one full layer, the fourth (-1), in the middle (-2) or the fourth from the end (-3), among sliding fives; 5k + 4.</item>
/// </list>
/// </remarks>
public static class LayoutPresets
{
    private const int MaxLayers = 4096;
    private const string Five = "S R S R R";
    private const string SharedFive = "S R R R R";

    /// <summary>Pattern by name: takes the layer count, gives null when the pattern does not admit it.</summary>
    private static readonly (string Name, Func<int, string?> Pattern)[] Presets =
    [
        ("Standard", n => Repeat("F", n)),
        ("SWA", n => Repeat("S", n)),
        ("MA", n => n % 6 == 1 && n > 1 ? Join("F", Repeat($"{Five} F-6", n / 6)) : n % 6 == 0 ? Join("F", Repeat($"{Five} F-6", n / 6 - 1), "S R S R F-5") : null),
        ("MA-EndSlide", n => n % 6 == 0 ? Join("F", Five, Repeat($"F-6 {Five}", n / 6 - 1)) : null),
        ("MA-Offset", n => n % 6 == 0 ? Join(Five, "F", Repeat($"{Five} F-6", n / 6 - 1)) : null),
        ("MA-Pairs", n => Units($"F {Five} F-6 {Five}", n, 12)),
        ("MA-Offset-SlideShare", n => n % 6 == 0 ? Join(SharedFive, "F", Repeat($"{SharedFive} F-6", n / 6 - 1)) : null),
        ("MA-Pairs-SlideShare", n => Units($"F {SharedFive} F-6 {SharedFive}", n, 12)),
        ("MA-Successive-1", n => Units($"F F-1 {Five} {Five}", n, 12)),
        ("MA-Successive-2", n => Units($"{Five} F F-1 {Five} F F-1 {Five} {Five}", n, 24)),
        ("MA-Successive-3", n => Units($"{Five} {Five} F F-1 {Five} F F-1 {Five}", n, 24)),
        ("MA-Successive-4", n => Units($"{Five} {Five} F F-1", n, 12)),
        ("MA-NoShare-1", n => Fives(n) is { } k ? Join("S R S F", Repeat("S R R S R", k)) : null),
        ("MA-NoShare-2", n => Fives(n) is { } k ? Join(Repeat(Five, (k + 1) / 2), "F", Repeat(Five, k / 2), "S R S") : null),
        ("MA-NoShare-3", n => Fives(n) is { } k ? Join(Repeat(Five, k), "F S S R") : null),
    ];

    /// <summary>Gets the names in the paper's order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Presets.Select(p => p.Name)];

    /// <summary>Makes a layout.</summary>
    /// <param name="name">One of <see cref="Names"/>, in any case.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="window">Keys that a sliding layer sees, itself included (the paper's models: 1025).</param>
    /// <exception cref="LayoutException">The name is unknown, the pattern does not admit the count, or the window is below 1; says what is allowed.</exception>
    public static AttentionLayout Create(string name, int layers, int window)
    {
        var (known, pattern) = Array.Find(Presets, p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase));
        if (known is null)
            throw new LayoutException([$"There is no preset {name}. Use one of {string.Join(", ", Names)}."]);
        if (layers is < 1 or > MaxLayers)
            throw new LayoutException([$"The preset {known} cannot have {layers} layers. Use 1 to {MaxLayers}."]);
        if (window < 1)
            throw new LayoutException([$"The window is {window} keys, but a window counts the query itself. Use 1 or more."]);
        if (pattern(layers) is not { } text)
            throw new LayoutException([$"The preset {known} cannot have {layers} layers. The nearest counts that its pattern admits are {Nearest(pattern, layers)}."]);
        return LayoutReaders.FromBlocks([.. text.Split(' ').Select(step => Block(step, window))]);
    }

    private static BlockAttention Block(string step, int window) => step switch
    {
        "S" => new(window - 1, null, Nope: false),
        "R" => new(window - 1, -1, Nope: false),
        "F" => new(-1, null, Nope: false),
        _ => new(-1, -(step[^1] - '0'), Nope: false),
    };

    private static string Nearest(Func<int, string?> pattern, int layers)
    {
        var below = Enumerable.Range(1, layers).Reverse().Where(n => pattern(n) is not null).Take(1);
        var above = Enumerable.Range(layers, 24).Where(n => pattern(n) is not null).Take(1);
        return string.Join(" and ", below.Concat(above));
    }

    private static string? Units(string unit, int layers, int unitLayers) => layers % unitLayers == 0 ? Repeat(unit, layers / unitLayers) : null;

    private static int? Fives(int layers) => layers % 5 == 4 && layers > 4 ? layers / 5 : null;

    private static string Repeat(string pattern, int times) => string.Join(' ', Enumerable.Repeat(pattern, times));

    private static string Join(params string[] parts) => string.Join(' ', parts.Where(p => p.Length > 0));
}
