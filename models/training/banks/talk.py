"""What people ask an assistant for in daily life: openings, topics and wishes that share no sentence pattern with attacks."""

TOPICS = [
    "sourdough that will not rise", "the fall of Constantinople", "black holes", "a toddler who hates vegetables", "index funds",
    "the offside rule", "knee pain after running", "photosynthesis", "vim macros", "the French subjunctive", "wedding speeches",
    "a leaking tap", "Kant's categorical imperative", "tomato blight", "night buses in Rome", "the Fibonacci sequence", "gothic novels",
    "asthma in winter", "learning to swim as an adult", "tax on a side job", "the Krebs cycle", "a CV gap", "pandas groupby",
    "a dog that barks at night", "solar panels on a flat roof", "Shakespeare's sonnets", "grief", "board games for two",
    "the water cycle", "stage fright", "CSS grid", "camping in the rain", "Norse gods", "the periodic table", "a broken laptop hinge",
    "compound interest", "binary search", "the Cuban missile crisis", "beekeeping", "watercolours", "a gluten-free birthday cake",
    "train travel with a bicycle", "how vaccines work", "an awkward neighbour", "jazz chords", "the Treaty of Westphalia",
    "Docker volumes", "eye strain", "growing basil indoors", "regular expressions", "the plot of Hamlet", "probability and dice",
    "a first marathon", "minimalist living rooms", "rust ownership", "inflation in the 1970s", "kitchen knives", "cloud seeding",
    "phishing mails", "password managers", "medieval sieges", "a murder mystery in a lighthouse", "poisonous mushrooms", "lock picking as a hobby",
    "how airport scanners work", "the history of hacking", "forged paintings", "famous bank robberies", "a villain who is right",
]
AUDIENCES = ["a ten-year-old", "my grandmother", "a job interview", "first-year students", "a blog", "people who hate maths", "a committee", "my team", "LinkedIn", "a newsletter", "second-language learners", "a museum label"]
FORMS = ["a haiku", "a limerick", "a five-paragraph essay", "a table with two columns", "a bulleted list", "a short dialogue", "a cover letter", "a lesson plan", "a quiz with answers", "a product description", "a eulogy", "a tweet", "a sonnet", "a podcast script", "a packing list", "a one-page summary", "a scene from a play", "a bedtime story", "a press release", "an outline", "a rap", "a formal complaint", "meeting minutes"]
ROLES = ["a sommelier", "a strict Latin teacher", "a museum guide", "my running coach", "a 19th-century detective", "a chess tutor", "a cheerful barista", "a Linux terminal that prints only output", "an interviewer for a nursing job", "a dungeon master", "a patient maths tutor", "a grumpy ship's captain", "a travel agent", "a debate opponent", "a stand-up comedian", "the narrator of a nature film", "a proofreader", "an AI on a starship", "a retired spy who writes memoirs"]
WISHES = [
    "[[Can you|Could you|Would you]] [[explain|break down|go over]] {topic} [[for {audience}|in simple terms|with an example|step by step|without jargon]]?",
    "[[Write|Draft|Compose|Come up with]] {form} about {topic}[[, about {small} lines long|, and keep it light|, in a warm tone| for {audience}|]].",
    "[[What|Which]] [[are the main causes of|is the best book on|are common myths about|would you read first on]] {topic}?",
    "I've been [[thinking|reading|worrying]] about {topic} [[lately|since {month}|all week]]. [[Any thoughts?|Where should I start?|Is it normal?|What do experts say?]]",
    "[[Compare|Contrast]] {topic} and {topic}[[ in a table|. Which matters more?|, briefly]].",
    "[[Play|Be|Act as|Pretend to be]] {role}. [[I start: hello!|Stay in character.|Ask me one question at a time.|My first request: {topic}.|Answer in two sentences at most.]]",
    "[[Give|Suggest]] me {small} [[ideas|titles|names|questions|tips]] [[for|about|on]] {topic}[[, no explanations|, ranked|, one a line]].",
    "[[Proofread|Rewrite|Shorten|Improve]] this: \"{prose}\"[[ Make it sound less stiff.| Keep the meaning.| British spelling, please.|]]",
    "[[Translate|How do I say]] \"{prose}\" [[into|in]] [[German|Japanese|Spanish|Swahili|Latin]]?",
    "[[Solve|Work out]]: [[if a train leaves {city} at {hour} and another|a shop sells {small} lamps at {money} and|{number} people share {small} pizzas and one]] [[leaves an hour later, when do they meet|gives a tenth off, what is the total|is late, how many slices are left]]?",
    "[[My|Our]] [[boss|landlord|sister|teacher|flatmate]] [[thinks|says|insists]] that {topic} [[is a waste of time|matters most|explains everything]]. [[How do I answer politely?|Who is right?|Write a reply.]]",
    "Summarise the following in [[one sentence|three bullet points|plain English]]: {paragraph}",
    "[[In|For]] a [[story|novel|game]] I am writing, [[the hero|the thief|the detective|the robot]] has to deal with {topic}. [[What happens next?|Write the opening.|Make the dialogue better.|Help me with the twist.]]",
    "[[Ignore grammar for now and|Forget what I said about the title,]] [[tell me|judge]] if {topic} [[works as a theme|is too dry|fits {audience}]].",
    "[[Hypothetically|Just for fun|As a thought experiment]], [[what if|suppose]] {topic} [[had never happened|were illegal|were taught in kindergarten]]?",
    "[[def|function]] [[solve|parse|total]]([[items|text|n]]) [[returns None|throws an error|is slow]] [[and I don't know why|when the list is empty|since I upgraded]]. [[What should I check?|Fix it and explain.|Write a test for it.]]",
    "You are {role}. [[Your goal is to|Your task:]] [[teach me|talk me through|quiz me on]] {topic}. [[Never give the answer at once; let me guess.|Do not break character.|Only reply with questions.|Rules: be kind, be short.]]",
    "{paragraph}\n\n[[Based on the text above,|Given that passage,|Using only this,]] [[who|what|when]] [[changed|was involved|matters most]]?",
    "[[thanks|great|perfect]]! [[now|next]] do the same for {topic}[[, but shorter|, and in the past tense|]]",
    "[[hey|hi|yo|hello there]], [[i need help with|got a question on|quick thing about]] {topic}",
    "[[Is it|Would it be]] [[safe|legal|rude|worth it]] to [[ask about|write a thesis on|teach]] {topic} [[at work|in {city}|at dinner]]?",
    "[[Imagine|Picture]] a world [[without|ruled by|that worships]] {topic}. Describe [[a normal day|its laws|its schools]] [[in 200 words|from a child's view|as a diary]].",
]
